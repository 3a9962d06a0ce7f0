package io.pgbk.cli.process;

import io.pgbk.postgres.files.FileNames;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Makes the restore_command that a restored server uses: it must work from any directory and without environment. */
public final class RestoreCommandLine {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9/._+:@-]+");

    private RestoreCommandLine() {}

    /** The command with {@code %f} and {@code %p} for PostgreSQL to fill in. */
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
        String word = PLAIN.matcher(text).matches() ? text : "'" + text.replace("'", "'\\''") + "'";
        return word.replace("%", "%%");
    }
}
