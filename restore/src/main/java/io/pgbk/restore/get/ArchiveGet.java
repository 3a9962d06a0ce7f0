package io.pgbk.restore.get;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code archive-get} without any help from prefetching: fetches one file from the first repository that has it whole.
 * Only when every repository proved that it has nothing of the name is the file absent; a fault anywhere, or a hole, is
 * a failure.
 */
public final class ArchiveGet {
    private static final Duration HISTORY_PAUSE = Duration.ofMillis(500);

    private final List<GetSource> sources;
    private final Duration historyDeadline;
    private final MonotonicTime time;
    private final TaskMonitor monitor;

    /**
     * A fetcher.
     *
     * @param sources in the order of preference, at least one
     * @param historyDeadline how long a fault on a history is retried on a standby: there PostgreSQL takes a failure
     *     for absence and would not follow the new timeline
     */
    public ArchiveGet(List<GetSource> sources, Duration historyDeadline, MonotonicTime time, TaskMonitor monitor) {
        this.sources = List.copyOf(sources);
        this.historyDeadline = historyDeadline;
        this.time = time;
        this.monitor = monitor;
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("no repository to fetch from");
        }
    }

    /**
     * Fetches.
     *
     * @param name the file's name as PostgreSQL says it ({@code %f})
     * @param destination where it shall be ({@code %p}); relative to the working directory
     * @param workingDirectory of this process, absolute
     * @throws PgbkException USAGE for a name that is none; WAL_GAP when the segment is missing but later ones of its
     *     timeline are archived, and recovery would take it for the end; OTHER_CLUSTER when the server at the
     *     destination is not the archive's; and whatever a repository threw when none could deliver
     */
    public GetResult get(String name, Path destination, Path workingDirectory) {
        WalFileName file = WalFileName.parse(name)
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.USAGE,
                        "'" + name.replaceAll("[^ -~]", "?") + "' is not a name of a WAL file",
                        "restore_command passes %f as the name and %p as the destination."));
        Path absolute = workingDirectory.resolve(destination).normalize();
        AskingServer server = AskingServer.find(workingDirectory, absolute);
        if (!(file instanceof WalFileName.History) || server.mode() != AskingServer.Mode.STANDBY) {
            return attempt(file, absolute, server);
        }
        long end = time.nanoTime() + historyDeadline.toNanos();
        while (true) {
            try {
                return attempt(file, absolute, server);
            } catch (PgbkException e) {
                if (!isFault(e) || time.nanoTime() + HISTORY_PAUSE.toNanos() - end >= 0) {
                    throw e;
                }
                monitor.debug("trying " + file + " again: " + e.getMessage());
                time.pause(HISTORY_PAUSE);
            }
        }
    }

    /** Whether trying again can help. */
    private static boolean isFault(PgbkException e) {
        return switch (e.code()) {
            case REPOSITORY_UNREACHABLE,
                    PERMISSION_DENIED,
                    OBJECT_DAMAGED,
                    OBJECT_MISSING,
                    REPOSITORY_NOT_INITIALISED -> true;
            default -> false;
        };
    }

    private GetResult attempt(WalFileName file, Path destination, AskingServer server) {
        Optional<Long> systemIdentifier = server.systemIdentifier();
        Map<String, WalArchive> absentIn = new LinkedHashMap<>();
        List<PgbkException> failures = new ArrayList<>();
        for (GetSource source : sources) {
            monitor.checkCancelled();
            try {
                WalArchive archive = archive(source.cluster().get(), systemIdentifier);
                Optional<WalObject> object = archive.find(file);
                if (object.isPresent()) {
                    return deliver(source, archive, object.get(), file, destination);
                }
                absentIn.put(source.name(), archive);
            } catch (PgbkException e) {
                if (e.code() == ErrorCode.INTERRUPTED || e.code() == ErrorCode.USAGE) {
                    throw e;
                }
                monitor.debug("repository " + source.name() + ": " + e.getMessage());
                failures.add(sources.size() == 1 ? e : named(source.name(), e));
            }
        }
        if (!failures.isEmpty()) {
            PgbkException first = failures.getFirst();
            failures.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
        if (file instanceof WalFileName.Segment(WalSegmentName segment)
                && server.mode() == AskingServer.Mode.RECOVERY) {
            refuseHole(segment, absentIn);
        }
        return new GetResult.ProvedAbsent(file);
    }

    /** One of several repositories: the others have nothing of the file, and this one keeps recovery from going on. */
    private static PgbkException named(String repository, PgbkException e) {
        String message = "repository " + repository + ": " + e.getMessage();
        if (!GetSource.isShut(e)) {
            return new PgbkException(e.code(), message, e.hint(), e);
        }
        String way = "Recovery asks every configured repository, because only all of them prove that a file is nowhere:"
                + " when repository " + repository + " is gone for good, take it out of the configuration.";
        return new PgbkException(e.code(), message, e.hint() == null ? way : e.hint() + " " + way, e);
    }

    private static WalArchive archive(ClusterCatalog cluster, Optional<Long> systemIdentifier) {
        Incarnation incarnation = systemIdentifier.isPresent()
                ? cluster.incarnationOf(systemIdentifier.get())
                : cluster.newestIncarnation();
        return cluster.wal(incarnation);
    }

    private static GetResult deliver(
            GetSource source, WalArchive archive, WalObject object, WalFileName file, Path destination) {
        boolean segment = file instanceof WalFileName.Segment || file instanceof WalFileName.Partial;
        long expected = segment ? archive.incarnation().segmentSize().bytes() : -1;
        long bytes = archive.authentic(
                object, read -> new WalDestination(destination).deliver(out -> archive.read(read, out), expected));
        return new GetResult.Delivered(file, source.name(), bytes);
    }

    private static void refuseHole(WalSegmentName missing, Map<String, WalArchive> archives) {
        archives.forEach((name, archive) -> archive.firstBehind(missing).ifPresent(later -> {
            boolean removed = archive.trimming()
                    .read()
                    .isExplained(missing, archive.incarnation().segmentSize());
            throw new PgbkException(
                    ErrorCode.WAL_GAP,
                    "WAL segment " + missing + " is missing in repository " + name + ", but " + later
                            + " is there: this is a hole, not the end of the archive",
                    removed
                            ? "It was removed because nothing that is kept needs it: choose a target before it, such as"
                                    + " --target-immediate."
                            : "If a server still has " + missing
                                    + " in pg_wal, archive it from there; else choose a target before" + " it.");
        }));
    }
}
