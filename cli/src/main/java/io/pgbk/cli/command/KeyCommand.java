package io.pgbk.cli.command;

import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code pgbk key}. */
@Command(name = "key", description = "Looks after the keys of a repository.")
public final class KeyCommand {
    private static final int KEY_BYTES = 32;

    private final Session session;

    KeyCommand(Session session) {
        this.session = session;
    }

    private record GenerateAnswer(String file) {}

    @Command(
            name = "generate",
            description = {
                "Writes a new random key into a file that only its owner can read; an existing file stays.",
                "Whoever has the key can read the backups; whoever loses it cannot restore them: keep a copy elsewhere."
            })
    int generate(@Parameters(paramLabel = "FILE", description = "The file to create.") Path file) {
        byte[] key = new byte[KEY_BYTES];
        session.process().random().nextBytes(key);
        byte[] text = (HexFormat.of().formatHex(key) + "\n").getBytes(StandardCharsets.US_ASCII);
        Arrays.fill(key, (byte) 0);
        String shown = FileNames.display(file);
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer buffer = ByteBuffer.wrap(text);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        } catch (FileAlreadyExistsException e) {
            throw new PgbkException(
                    ErrorCode.USAGE, shown + " exists and is not overwritten", "Name a file that does not exist.", e);
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "cannot create " + shown,
                    "Does the directory exist, and may this user write there?",
                    e);
        } finally {
            Arrays.fill(text, (byte) 0);
        }
        session.console()
                .answer(
                        new GenerateAnswer(shown),
                        List.of("wrote a new key to " + shown, "Keep a copy where this machine is not."));
        return 0;
    }
}
