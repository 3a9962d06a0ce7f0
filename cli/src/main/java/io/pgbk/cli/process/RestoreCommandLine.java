package io.pgbk.cli.process;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Makes the restore_command that a restored server uses: it must work from any directory and without environment. */
public final class RestoreCommandLine {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9/._+:@-]+");

    private RestoreCommandLine() {}

    /**
     * The command with {@code %f} and {@code %p} for PostgreSQL to fill in.
     *
     * @throws PgbkException CONFIGURATION when a path has a line break, which PostgreSQL's configuration cannot hold
     */
    public static String of(Session session) {
        Path launcher = session.process().launcher().orElse(Path.of("pgbk"));
        StringBuilder command = new StringBuilder(quote(FileNames.characters(launcher)));
        session.configuration()
                .file()
                .ifPresent(file -> command.append(" --config ").append(quote(FileNames.characters(file))));
        session.options()
                .cluster()
                .ifPresent(name -> command.append(" --cluster ").append(quote(name)));
        return command.append(" archive-get %f %p").toString();
    }

    /** For the shell, and with the percent signs of PostgreSQL doubled. */
    static String quote(String text) {
        if (text.chars().anyMatch(c -> c == '\n' || c == '\r' || c == 0)) {
            throw new PgbkException(
                    ErrorCode.CONFIGURATION,
                    "a path with a line break cannot stand in restore_command: " + FileNames.display(text),
                    "Install pgbk, and put its configuration, where the path has none.");
        }
        String word = PLAIN.matcher(text).matches() ? text : "'" + text.replace("'", "'\\''") + "'";
        return word.replace("%", "%%");
    }
}
