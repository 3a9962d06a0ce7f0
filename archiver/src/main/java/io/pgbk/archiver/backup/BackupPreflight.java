package io.pgbk.archiver.backup;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PageChecksum;
import io.pgbk.postgres.server.ServerFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What can be seen before a backup begins in what the server says about itself. A pure function: nothing is asked and
 * nothing is changed here.
 */
public final class BackupPreflight {
    private static final Pattern OUR_COMMAND = Pattern.compile("\\b(archive-push|wal-push)\\b");

    private BackupPreflight() {}

    /**
     * Something that speaks against the backup.
     *
     * @param name stable name of the check, for example {@code archive-mode}
     * @param fatal whether the backup is refused; otherwise it is a warning
     * @param code what the refusal ends with
     * @param message what was found
     * @param hint what to do
     */
    public record Finding(String name, boolean fatal, ErrorCode code, String message, String hint) {}

    /** All findings; empty when nothing speaks against the backup. */
    public static List<Finding> check(ServerFacts server, boolean standby) {
        List<Finding> findings = new ArrayList<>();
        checkRole(server, standby, findings);
        checkArchiving(server, findings);
        if (server.walLevel().equals("minimal")) {
            findings.add(new Finding(
                    "wal-level",
                    true,
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "wal_level is minimal: the WAL does not hold what a restore needs",
                    "Set wal_level = replica in postgresql.conf and restart PostgreSQL."));
        }
        if (!server.fullPageWrites()) {
            findings.add(new Finding(
                    "full-page-writes",
                    server.inRecovery(),
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "full_page_writes is off"
                            + (server.inRecovery() ? " on the primary: a standby cannot be copied" : ""),
                    "Set full_page_writes = on in the primary's postgresql.conf and reload it."));
        }
        if (server.blockBytes() != PageChecksum.PAGE_BYTES) {
            findings.add(new Finding(
                    "block-size",
                    true,
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "the server has pages of " + server.blockBytes() + " bytes",
                    "pgbk supports PostgreSQL with pages of " + PageChecksum.PAGE_BYTES + " bytes, the default."));
        }
        if (!server.role().missingGrants().isEmpty()) {
            findings.add(new Finding(
                    "privileges",
                    true,
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "the role " + server.role().name() + " may not take a backup",
                    "Run as a superuser: " + String.join("; ", server.role().missingGrants()) + "."));
        }
        return findings;
    }

    private static void checkRole(ServerFacts server, boolean standby, List<Finding> findings) {
        if (server.inRecovery() && !standby) {
            findings.add(
                    new Finding(
                            "role",
                            true,
                            ErrorCode.ROLE_CHANGED,
                            "the server is a standby",
                            "Use --standby to copy from a standby, --if-primary to skip standbys, or run pgbk on the primary."));
        }
        if (!server.inRecovery() && standby) {
            findings.add(new Finding(
                    "role",
                    true,
                    ErrorCode.ROLE_CHANGED,
                    "--standby was given and the server is a primary",
                    "Leave out --standby to copy from the primary."));
        }
    }

    /** A standby's own settings say nothing about who archives; its primary's do, and they show in the repository. */
    private static void checkArchiving(ServerFacts server, List<Finding> findings) {
        if (server.inRecovery()) {
            return;
        }
        ServerFacts.Archiving archiving = server.archiving();
        if (!archiving.isOn()) {
            findings.add(new Finding(
                    "archive-mode",
                    true,
                    ErrorCode.ARCHIVING_BROKEN,
                    "archive_mode is off",
                    "Set archive_mode = on and archive_command = 'pgbk archive-push %p' in postgresql.conf and restart"
                            + " PostgreSQL."));
        } else if (archiving.command().isBlank() && archiving.library().isBlank()) {
            findings.add(new Finding(
                    "archive-command",
                    true,
                    ErrorCode.ARCHIVING_BROKEN,
                    "archive_command is not set",
                    "Set archive_command = 'pgbk archive-push %p' in postgresql.conf and reload it."));
        } else if (archiving.library().isBlank()
                && !OUR_COMMAND.matcher(archiving.command()).find()) {
            findings.add(new Finding(
                    "archive-command",
                    false,
                    ErrorCode.ARCHIVING_BROKEN,
                    "archive_command does not call pgbk archive-push",
                    "Unless a script of yours does, set archive_command = 'pgbk archive-push %p' and reload it."));
        }
    }

    /**
     * Refuses when a finding is fatal.
     *
     * @throws PgbkException with the first fatal finding's code, all their messages and hints
     */
    static void require(List<Finding> findings) {
        List<Finding> fatal = findings.stream().filter(Finding::fatal).toList();
        if (fatal.isEmpty()) {
            return;
        }
        String message = String.join("; ", fatal.stream().map(Finding::message).toList());
        String hint = String.join(" ", fatal.stream().map(Finding::hint).toList());
        throw new PgbkException(fatal.getFirst().code(), "no backup can be taken: " + message, hint);
    }
}
