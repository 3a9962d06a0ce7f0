package io.pgbk.cli.command;

import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.KeyManager;
import io.pgbk.cli.output.TextTable;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Encryption;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
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

    private record Slot(String id, String type, boolean supported, Instant created) {}

    private record ListAnswer(String repository, List<Slot> slots) {}

    private record SlotAnswer(String repository, String slot) {}

    private record RotateAnswer(String repository, int epoch, List<String> rewrapped, List<String> leftBehind) {}

    /** Where a new secret comes from; exactly one of the two. */
    static final class NewSecret {
        @Option(names = "--key-file", paramLabel = "FILE", description = "A file with the key.")
        private @Nullable Path keyFile;

        @Option(
                names = "--passphrase-file",
                paramLabel = "FILE",
                description = "A file with a passphrase on its first line.")
        private @Nullable Path passphraseFile;

        private UnlockSecret read() {
            Path key = keyFile;
            return key != null
                    ? Encryption.keyFile(key, "--key-file")
                    : Encryption.passphraseFile(Objects.requireNonNull(passphraseFile), "--passphrase-file");
        }
    }

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

    @Command(name = "list", description = "Lists the slots: every key and passphrase that opens the repository.")
    int list() {
        ListAnswer answer = WithRepository.repository(
                session,
                repository -> new ListAnswer(
                        repository.displayName(),
                        repository.keyManager().list().stream()
                                .map(slot -> new Slot(slot.slotId(), slot.type(), slot.supported(), slot.created()))
                                .toList()));
        TextTable table = new TextTable("SLOT", "OPENED BY", "CREATED");
        answer.slots()
                .forEach(slot -> table.row(
                        slot.id(),
                        slot.type() + (slot.supported() ? "" : " (needs a newer pgbk)"),
                        Units.time(slot.created())));
        session.console().answer(answer, table.lines(""));
        return 0;
    }

    @Command(name = "add", description = "Adds a slot: another key or passphrase that opens the repository.")
    int add(@ArgGroup(multiplicity = "1") NewSecret secret) {
        SlotAnswer answer = WithRepository.repository(session, repository -> {
            try (UnlockSecret unlock = secret.read()) {
                return new SlotAnswer(
                        repository.displayName(), repository.keyManager().add(unlock));
            }
        });
        session.console().answer(answer, List.of("added slot " + answer.slot() + " to " + answer.repository()));
        return 0;
    }

    @Command(name = "remove", description = "Removes a slot; the last one stays.")
    int remove(@Parameters(paramLabel = "SLOT", description = "The slot; key list shows them.") String slot) {
        SlotAnswer answer = WithRepository.repository(session, repository -> {
            repository.keyManager().remove(slot);
            return new SlotAnswer(repository.displayName(), slot);
        });
        session.console()
                .answer(
                        answer,
                        List.of(
                                "removed slot " + slot + " from " + answer.repository(),
                                "Who had its secret may have kept the keys: rotate them too when that matters."));
        return 0;
    }

    @Command(name = "rewrap", description = "Gives a slot another key or passphrase; no data is rewritten.")
    int rewrap(
            @Parameters(paramLabel = "SLOT", description = "The slot; key list shows them.") String slot,
            @ArgGroup(multiplicity = "1") NewSecret secret) {
        SlotAnswer answer = WithRepository.repository(session, repository -> {
            try (UnlockSecret unlock = secret.read()) {
                return new SlotAnswer(
                        repository.displayName(), repository.keyManager().rewrap(slot, unlock));
            }
        });
        session.console().answer(answer, List.of("slot " + slot + " is replaced by " + answer.slot()));
        return 0;
    }

    @Command(
            name = "rotate",
            description = {
                "Adds a new key for what is stored from now on; what is stored stays readable and is not rewritten.",
                "Slots whose secrets are configured here get it; name those of others as files."
            })
    int rotate(
            @Option(names = "--key-file", paramLabel = "FILE", description = "The key of another slot.")
                    List<Path> keyFiles,
            @Option(names = "--passphrase-file", paramLabel = "FILE", description = "The passphrase of another slot.")
                    List<Path> passphraseFiles) {
        var place = session.configuration().repository(session.repositoryName());
        List<UnlockSecret> secrets = new ArrayList<>();
        switch (Encryption.of(place)) {
            case EncryptionSettings.Encrypted encrypted -> secrets.addAll(encrypted.secrets());
            case EncryptionSettings.Plain _ -> {}
        }
        orEmpty(keyFiles).forEach(file -> secrets.add(Encryption.keyFile(file, "--key-file")));
        orEmpty(passphraseFiles).forEach(file -> secrets.add(Encryption.passphraseFile(file, "--passphrase-file")));
        RotateAnswer answer = WithRepository.repository(session, repository -> {
            KeyManager.Rotation rotation = repository.keyManager().rotate(secrets);
            return new RotateAnswer(
                    repository.displayName(), rotation.epoch(), rotation.rewrapped(), rotation.leftBehind());
        });
        List<String> text = new ArrayList<>();
        text.add("new objects in " + answer.repository() + " use key " + answer.epoch());
        answer.leftBehind()
                .forEach(slot -> text.add("  slot " + slot
                        + " does not open it: run key rotate again with its secret, or remove the slot"));
        session.console().answer(answer, text);
        return 0;
    }

    private static List<Path> orEmpty(@Nullable List<Path> files) {
        return files == null ? List.of() : files;
    }
}
