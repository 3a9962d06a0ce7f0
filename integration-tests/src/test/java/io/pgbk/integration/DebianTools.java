package io.pgbk.integration;

import io.pgbk.testkit.AsPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** PostgreSQL 15's own tools from Debian, as judges of what pgbk restored. */
final class DebianTools {
    private static final Path TOOLS = Path.of("/usr/lib/postgresql/15/bin");

    private DebianTools() {}

    /** Fails unless pg_verifybackup accepts the directory; it knows manifests of PostgreSQL 13 to 16. */
    static void verifyBackup(Path dataDirectory) {
        run("pg_verifybackup", "--no-parse-wal", "--exit-on-error", dataDirectory.toString());
    }

    /** Fails unless every page of a stopped PostgreSQL 15 cluster has its checksum. */
    static void checkPageChecksums(Path dataDirectory) {
        run("pg_checksums", "--check", "-D", dataDirectory.toString());
    }

    private static void run(String tool, String... arguments) {
        Path program = TOOLS.resolve(tool);
        Assumptions.assumeTrue(
                Files.isExecutable(program), tool + " is not installed: bin/test installs it when run as root");
        String[] command = new String[arguments.length + 1];
        command[0] = program.toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        AsPostgres.run(command).orThrow();
    }
}
