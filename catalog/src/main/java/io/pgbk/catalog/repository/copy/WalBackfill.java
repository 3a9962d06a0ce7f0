package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Fills a repository with the WAL that it missed, from another one that has it: oldest first, each file decoded, checked
 * and put as a push does, so it may run while others push, and again at any time.
 *
 * <p>Names that both have are taken for the same content, but for those beside a hole, which are compared before anything
 * is filled: a server that was not this one may have archived there meanwhile. A timeline with such a conflict is left as
 * it is until a person decided.
 */
public final class WalBackfill {
    private static final int BATCH = 256;

    private final ClusterCatalog from;
    private final ClusterCatalog to;

    public WalBackfill(ClusterCatalog from, ClusterCatalog to) {
        this.from = from;
        this.to = to;
    }

    /**
     * What to do.
     *
     * @param compare whether every name that both have is compared, at the cost of four requests each
     * @param parallel files at a time
     * @param dryRun whether only to say what is missing
     */
    public record Request(boolean compare, int parallel, boolean dryRun) {}

    /**
     * What was done.
     *
     * @param before what was missing
     * @param files that were stored
     * @param bytes their raw bytes
     * @param compared names that both have and whose contents were compared
     * @param failures what kept single files from being filled; everything else was
     */
    public record Report(WalLag before, long files, long bytes, long compared, List<PgbkException> failures) {
        public Report {
            failures = List.copyOf(failures);
        }
    }

    /** A timeline of the repository that has it. */
    private record Line(int incarnation, int timeline) {}

    /**
     * Fills.
     *
     * @throws PgbkException USAGE when both are one repository, OTHER_CLUSTER, REPOSITORY_NOT_INITIALISED
     */
    public Report run(Request request, TaskMonitor monitor) {
        if (from.repository().id().equals(to.repository().id())) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    from.repository().displayName() + " and " + to.repository().displayName() + " are one repository",
                    "Name two different repositories.");
        }
        from.newestIncarnation();
        WalLag lag = WalLag.between(from, to);
        if (request.dryRun()) {
            return new Report(lag, 0, 0, 0, List.of());
        }
        List<Incarnation> known = from.incarnations();
        List<Incarnation> here = to.follow(known);
        Map<Integer, Incarnation> sources = new HashMap<>();
        for (int i = 0; i < known.size(); i++) {
            sources.put(here.get(i).number(), known.get(i));
        }
        WalCopier copier = new WalCopier(from, to, sources, request.parallel(), monitor);
        AtomicLong compared = new AtomicLong();
        Set<Line> conflicts = ConcurrentHashMap.newKeySet();
        for (int i = 0; i < known.size(); i++) {
            monitor.phase("compare WAL", -1);
            compare(known.get(i), here.get(i), lag, request, copier, compared, conflicts, monitor);
            monitor.phase("fill WAL", lag.bytes());
            int incarnation = known.get(i).number();
            copier.copyEverything(here.get(i), timeline -> !conflicts.contains(new Line(incarnation, timeline)));
        }
        return new Report(lag, copier.files(), copier.bytes(), compared.get(), copier.failures());
    }

    private void compare(
            Incarnation known,
            Incarnation here,
            WalLag lag,
            Request request,
            WalCopier copier,
            AtomicLong compared,
            Set<Line> conflicts,
            TaskMonitor monitor) {
        WalArchive source = from.wal(known);
        WalArchive target = to.wal(here);
        WalSegmentSize size = known.segmentSize();
        Set<Integer> behind = new HashSet<>();
        lag.timelines().stream()
                .filter(one -> one.incarnation() == known.number())
                .forEach(one -> behind.add(one.timeline()));
        for (int timeline : source.timelinesWithWal()) {
            if (!request.compare() && !behind.contains(timeline)) {
                continue;
            }
            SegmentSpans both = source.present(timeline).and(target.present(timeline));
            SegmentSpans wanted = request.compare() ? both : both.and(ends(both));
            List<Workers.Task> batch = new ArrayList<>();
            for (SegmentSpans.Span span : wanted.spans()) {
                for (long number = span.first(); number <= span.last(); number++) {
                    WalSegmentName name = WalSegmentName.ofNumber(timeline, number, size);
                    batch.add(() -> {
                        monitor.checkCancelled();
                        if (isInConflict(source, target, name, copier, compared)) {
                            conflicts.add(new Line(known.number(), timeline));
                        }
                    });
                    if (batch.size() == BATCH) {
                        copier.runAll(batch);
                        batch.clear();
                    }
                }
            }
            copier.runAll(batch);
        }
    }

    /** The first and the last segment of each run: what lies beside a hole, or at the end. */
    private static SegmentSpans ends(SegmentSpans runs) {
        List<SegmentSpans.Span> ends = new ArrayList<>();
        runs.spans().forEach(run -> {
            ends.add(new SegmentSpans.Span(run.first(), run.first()));
            ends.add(new SegmentSpans.Span(run.last(), run.last()));
        });
        return SegmentSpans.of(ends);
    }

    /**
     * Whether the two are of different servers. What differs and is no conflict, as when one ends earlier, is put beside;
     * what cannot be read is noted, and keeps nothing else from being filled.
     */
    private static boolean isInConflict(
            WalArchive source, WalArchive target, WalSegmentName name, WalCopier copier, AtomicLong compared) {
        WalFileName.Segment file = new WalFileName.Segment(name);
        Optional<ErrorCode> wrong = copier.attempt(() -> {
            WalObject ours = target.find(file).orElse(null);
            WalObject theirs = source.find(file).orElse(null);
            if (ours == null || theirs == null) {
                return;
            }
            compared.incrementAndGet();
            if (!source.readInfo(theirs)
                    .rawSha256()
                    .equals(target.readInfo(ours).rawSha256())) {
                copier.copyIfThere(source, target, theirs);
            }
        });
        return wrong.filter(code -> code == ErrorCode.WAL_CONFLICT).isPresent();
    }
}
