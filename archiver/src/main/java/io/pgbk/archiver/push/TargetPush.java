package io.pgbk.archiver.push;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.WalFileName;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;

/** Puts one file into one repository: the right incarnation of it, and never before its timeline's history. */
final class TargetPush {
    private final String repository;
    private final WalFileName name;
    private final Optional<PgControl> control;
    private final Optional<byte[]> localHistory;
    private final Optional<Resolution> resolution;

    /**
     * @param control what the pg_control beside pg_wal says
     * @param localHistory the history of the file's timeline in the same pg_wal
     * @param resolution what a person decided for the case that the archive has another file of the name
     */
    TargetPush(
            String repository,
            WalFileName name,
            Optional<PgControl> control,
            Optional<byte[]> localHistory,
            Optional<Resolution> resolution) {
        this.repository = repository;
        this.name = name;
        this.control = control;
        this.localHistory = localHistory;
        this.resolution = resolution;
    }

    /**
     * The archive for a file of which nothing is known yet but where it lies; empty when that is not enough.
     *
     * @throws PgbkException OTHER_CLUSTER, REPOSITORY_NOT_INITIALISED
     */
    Optional<WalArchive> archive(ClusterCatalog cluster) {
        return control.map(facts -> cluster.wal(cluster.incarnationOf(new ServerIdentity(
                facts.systemIdentifier(),
                facts.major().number(),
                facts.catalogVersion(),
                facts.walSegmentSize(),
                facts.blockBytes()))));
    }

    /**
     * The archive for a validated file.
     *
     * @throws PgbkException OTHER_CLUSTER, REPOSITORY_NOT_INITIALISED
     */
    WalArchive archive(ClusterCatalog cluster, ValidatedFile file) {
        Incarnation incarnation = cluster.incarnationOf(file.upload().systemIdentifier());
        if (file.major().isPresent()
                && file.major().get().number() != incarnation.identity().majorVersion()) {
            throw new PgbkException(
                    ErrorCode.OTHER_CLUSTER,
                    "'" + name + "' was written by PostgreSQL "
                            + file.major().get().number() + ", the cluster "
                            + cluster.name() + " in repository " + repository + " has PostgreSQL "
                            + incarnation.identity().majorVersion(),
                    "After pg_upgrade run 'pgbk init --upgrade'.");
        }
        return cluster.wal(incarnation);
    }

    /**
     * Makes sure, before a segment of a later timeline, that the archived history of that timeline is this server's: it
     * is pushed if the archive has none, so that no order of calls can block.
     *
     * @throws PgbkException TIMELINE_CONFLICT when another server was promoted to the same timeline
     */
    void requireHistory(WalArchive archive, long systemIdentifier) {
        if (name.timeline() == 1 || name instanceof WalFileName.History || localHistory.isEmpty()) {
            return;
        }
        byte[] local = localHistory.get();
        Optional<byte[]> archived = archive.historyFile(name.timeline());
        if (archived.isPresent() && Arrays.equals(archived.get(), local)) {
            return;
        }
        WalFileName.History history = new WalFileName.History(name.timeline());
        WalContent content = new WalContent.InMemory(local, sha256(local));
        require(history, archive.put(new WalUpload(history, content, systemIdentifier, Optional.empty())));
    }

    /**
     * Puts the file.
     *
     * @throws PgbkException WAL_CONFLICT, TIMELINE_CONFLICT and what the repository throws
     */
    PutWalOutcome put(WalArchive archive, ValidatedFile file) {
        requireHistory(archive, file.upload().systemIdentifier());
        PutWalOutcome outcome = archive.put(file.upload());
        if (resolution.isPresent() && isForAPerson(archive, outcome)) {
            Resolution decision = resolution.get();
            outcome = archive.putResolved(file.upload(), decision.deliverNew(), decision.reason());
        }
        return require(name, outcome);
    }

    /** Whether there are, or would be, several contents of the name. */
    private boolean isForAPerson(WalArchive archive, PutWalOutcome outcome) {
        return switch (outcome) {
            case PutWalOutcome.Conflict _ -> true;
            case PutWalOutcome.AlreadyIdentical _ ->
                archive.show(name).variants().size() > 1;
            case PutWalOutcome.Stored _, PutWalOutcome.KeptBeside _, PutWalOutcome.HistoryConflict _ -> false;
        };
    }

    private PutWalOutcome require(WalFileName pushed, PutWalOutcome outcome) {
        return switch (outcome) {
            case PutWalOutcome.Stored stored -> stored;
            case PutWalOutcome.AlreadyIdentical identical -> identical;
            case PutWalOutcome.KeptBeside beside -> beside;
            case PutWalOutcome.Conflict conflict ->
                throw new PgbkException(
                        ErrorCode.WAL_CONFLICT,
                        "repository " + repository + " has another '" + pushed + "': archived digest "
                                + conflict.archivedDigest() + ", new digest " + conflict.newDigest() + " ("
                                + conflict.reason() + ")",
                        "Two servers write the same timeline. Stop the wrong one; 'pgbk wal show " + pushed
                                + "' shows what is archived. If this server is the right one, or its WAL is needed too,"
                                + " 'pgbk wal resolve " + pushed + " --keep pg_wal/" + pushed
                                + " --deliver archived|kept --reason TEXT' keeps both, and archiving goes on.");
            case PutWalOutcome.HistoryConflict conflict ->
                throw new PgbkException(
                        ErrorCode.TIMELINE_CONFLICT,
                        "repository " + repository + " has another '" + conflict.name() + "': archived digest "
                                + conflict.archivedDigest() + ", new digest " + conflict.newDigest(),
                        "Split brain: two servers were promoted to timeline "
                                + Integer.toUnsignedString(conflict.name().timeline())
                                + ". Stop one of them and rebuild it from the other.");
        };
    }

    private static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
