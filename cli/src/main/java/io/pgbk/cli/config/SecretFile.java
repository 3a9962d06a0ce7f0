package io.pgbk.cli.config;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileFailure;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;

/** Reads files with secrets, and refuses those that others could read too. */
public final class SecretFile {
    private static final int MAXIMUM_BYTES = 8192;
    private static final int READ_OTHERS = 0007;
    private static final int READ_GROUP = 0070;

    private SecretFile() {}

    /**
     * The content of the file; the caller wipes it.
     *
     * @param key the configuration key that names the file, for messages
     * @throws PgbkException KEY_WRONG when it cannot be read or is empty, CONFIGURATION when others may read it
     */
    public static byte[] read(Path file, String key) {
        String shown = FileNames.display(file);
        try {
            Map<String, Object> attributes = Files.readAttributes(file, "unix:mode,uid");
            int mode = (Integer) Objects.requireNonNull(attributes.get("mode"));
            int owner = (Integer) Objects.requireNonNull(attributes.get("uid"));
            boolean forOthers = (mode & READ_OTHERS) != 0;
            boolean forGroup = (mode & READ_GROUP) != 0 && owner != 0;
            if (forOthers || forGroup) {
                throw new PgbkException(
                        ErrorCode.CONFIGURATION,
                        key + ": " + shown + " has mode " + Integer.toOctalString(mode & 0777)
                                + (forOthers ? ", so that everybody may use it" : ", so that its group may use it"),
                        "chmod 0600 " + shown + " (0640 is accepted when root owns it).");
            }
            try (InputStream in = Files.newInputStream(file)) {
                byte[] content = in.readNBytes(MAXIMUM_BYTES + 1);
                if (content.length > MAXIMUM_BYTES || content.length == 0) {
                    Arrays.fill(content, (byte) 0);
                    throw new PgbkException(
                            ErrorCode.KEY_WRONG,
                            key + ": " + shown + (content.length == 0 ? " is empty" : " is too long for a secret"));
                }
                return content;
            }
        } catch (NoSuchFileException e) {
            throw new PgbkException(
                    ErrorCode.KEY_WRONG,
                    key + ": " + shown + " does not exist",
                    "Put the file back, or let the configuration name the right one; the repository cannot be used"
                            + " without it.",
                    e);
        } catch (AccessDeniedException e) {
            throw new PgbkException(
                    ErrorCode.KEY_WRONG,
                    key + ": " + shown + " may not be read by this user",
                    "pgbk runs as the operating-system user of the database; let the file belong to that user.",
                    e);
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.KEY_WRONG,
                    key + ": " + shown + " cannot be read: " + FileFailure.reason(e),
                    "It must be a file with nothing but the secret.",
                    e);
        }
    }

    /** The first line of the file without its end; the caller wipes it. */
    public static byte[] readLine(Path file, String key) {
        byte[] content = read(file, key);
        int end = 0;
        while (end < content.length && content[end] != '\n' && content[end] != '\r') {
            end++;
        }
        byte[] line = Arrays.copyOf(content, end);
        Arrays.fill(content, (byte) 0);
        if (line.length == 0) {
            throw new PgbkException(
                    ErrorCode.KEY_WRONG, key + ": the first line of " + FileNames.display(file) + " is empty");
        }
        return line;
    }
}
