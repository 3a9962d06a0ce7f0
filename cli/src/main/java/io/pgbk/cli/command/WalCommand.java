package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalNameReport;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalTimeline;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.TextTable;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.files.FileNames;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pgbk wal}. */
@Command(name = "wal", description = "Looks into the WAL archive.")
public final class WalCommand {
    /** How people call the content that has the name itself. */
    static final String ORIGINAL = "original";

    private static final String ARCHIVED = "archived";
    private static final String KEPT = "kept";

    private final Session session;

    WalCommand(Session session) {
        this.session = session;
    }

    private record Gap(String from, String to) {}

    private record Timeline(
            int timeline,
            @Nullable Integer parent,
            @Nullable String switchLsn,
            @Nullable String firstWal,
            @Nullable String lastWal,
            List<Gap> gaps,
            List<Gap> removed,
            List<Gap> leftOut) {}

    private record File(String name, String variant, long storedBytes) {}

    private record ListAnswer(int incarnation, List<Timeline> timelines, List<File> files) {}

    private record Variant(String variant, long rawBytes, long storedBytes, String digest, boolean delivered) {}

    private record Event(String kind, String variant, Instant time, String by, String reason) {}

    private record ShowAnswer(String name, int incarnation, List<Variant> variants, List<Event> events) {}

    private record ResolveAnswer(String name, List<WalResolution.Place> repositories) {}

    /** What a decision is about; exactly one of the two. */
    static final class Decision {
        @Option(
                names = "--variant",
                paramLabel = "V",
                description =
                        "Of the archived contents, the one that archive-get delivers: as wal show prints it, original for the name itself.")
        private @Nullable String variant;

        @Option(
                names = "--keep",
                paramLabel = "FILE",
                description =
                        "The segment that archive-push refuses, for example pg_wal/NAME: keeps it beside the archived one; needs --deliver.")
        private @Nullable Path keep;
    }

    @Command(
            name = "list",
            description = "Lists the timelines with their ends and gaps; with --timeline every file of one.")
    int list(
            @Option(names = "--timeline", paramLabel = "N", description = "The timeline whose files are listed.")
                    @Nullable Long timeline,
            @Option(names = "--incarnation", paramLabel = "N", description = "An older life of the cluster.") @Nullable Integer incarnation) {
        ListAnswer answer = archive(incarnation, wal -> {
            List<Timeline> timelines =
                    wal.timelines().stream().map(WalCommand::timeline).toList();
            List<File> files = new ArrayList<>();
            if (timeline != null) {
                Iterator<WalObject> objects = wal.objects(timeline.intValue());
                while (objects.hasNext()) {
                    session.process().stop().check();
                    WalObject object = objects.next();
                    files.add(new File(object.name().toString(), object.variant(), object.storedBytes()));
                }
            }
            return new ListAnswer(wal.incarnation().number(), timelines, files);
        });
        session.console().answer(answer, timeline == null ? timelines(answer) : files(answer));
        return 0;
    }

    @Command(name = "show", description = "Shows everything that is archived under one name, and what happened to it.")
    int show(
            @Parameters(paramLabel = "NAME", description = "The name of a WAL file.") String name,
            @Option(names = "--incarnation", paramLabel = "N", description = "An older life of the cluster.") @Nullable Integer incarnation) {
        WalFileName file = fileName(name);
        ShowAnswer answer = archive(incarnation, wal -> show(wal, file));
        if (answer.variants().isEmpty()) {
            throw new PgbkException(
                    ErrorCode.OBJECT_MISSING, name + " is not in the archive", "pgbk wal list shows what is there.");
        }
        TextTable variants = new TextTable("VARIANT", "SIZE>", "STORED>", "DELIVERED", "DIGEST");
        answer.variants()
                .forEach(variant -> variants.row(
                        variant.variant(),
                        Units.bytes(variant.rawBytes()),
                        Units.bytes(variant.storedBytes()),
                        variant.delivered() ? "yes" : "",
                        variant.digest()));
        List<String> text = new ArrayList<>(variants.lines(""));
        answer.events()
                .forEach(event -> text.add(Units.time(event.time()) + "  " + event.kind()
                        + (event.variant().isEmpty() ? "" : " " + event.variant()) + "  " + event.reason() + "  ("
                        + event.by() + ")"));
        session.console().answer(answer, text);
        return 0;
    }

    @Command(
            name = "resolve",
            description = {
                "Ends a conflict about a segment: keeps a refused one beside the archived one, so that archiving goes on,"
                        + " or decides which of several archived contents archive-get delivers.",
                "Nothing is removed; the decision can be changed by a later one."
            })
    int resolve(
            @Parameters(index = "0", paramLabel = "NAME", description = "The segment.") String name,
            @ArgGroup(multiplicity = "1") Decision decision,
            @Option(
                            names = "--deliver",
                            paramLabel = "archived|kept",
                            completionCandidates = Words.Deliver.class,
                            description = "With --keep: what archive-get delivers from now on.")
                    @Nullable String deliver,
            @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why.") String reason) {
        if (!(fileName(name) instanceof WalFileName.Segment(WalSegmentName segment))) {
            throw new PgbkException(
                    ErrorCode.USAGE, name + " is no segment", "Only segments can have several contents.");
        }
        WalResolution resolution = new WalResolution(session, segment);
        Path file = decision.keep;
        List<WalResolution.Place> places;
        if (file == null) {
            if (deliver != null) {
                throw new PgbkException(
                        ErrorCode.USAGE, "--deliver needs --keep", "--variant says itself what is delivered.");
            }
            String variant = Objects.requireNonNull(decision.variant);
            places = resolution.choose(variant.equals(ORIGINAL) ? "" : variant, reason);
        } else {
            places = keep(resolution, name, file, deliver, reason);
        }
        session.console()
                .answer(
                        new ResolveAnswer(name, places),
                        places.stream()
                                .map(place -> "repository " + place.repository() + " has " + name + " as "
                                        + String.join(", ", place.variants()) + "; archive-get delivers "
                                        + place.delivered())
                                .toList());
        return 0;
    }

    private List<WalResolution.Place> keep(
            WalResolution resolution, String name, Path file, @Nullable String deliver, String reason) {
        if (deliver == null || !(deliver.equals(ARCHIVED) || deliver.equals(KEPT))) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "--keep needs --deliver archived or --deliver kept",
                    "archived: what archive-get delivered so far stays; kept: the file given here is delivered.");
        }
        if (!file.endsWith(name)) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "--keep " + FileNames.display(file) + " is not a file of the name " + name,
                    "Name the refused segment, for example pg_wal/" + name + ".");
        }
        ConsoleMonitor monitor = session.monitor();
        try {
            return resolution.keep(file, deliver.equals(KEPT), reason, monitor);
        } finally {
            monitor.finish();
        }
    }

    @Command(
            name = "backfill",
            description = {
                "Fills repositories with the WAL that they missed, from others that have it: those with wal: repaired from"
                        + " the required ones.",
                "May run at any time and from any host, while archiving goes on, and again after it was interrupted."
                        + " Everything that is read is checked; a segment that has other content there is a conflict and"
                        + " stays as it is."
            })
    int backfill(
            @Option(
                            names = "--from",
                            paramLabel = "NAME",
                            description = "The repository to read; left out: every required one.")
                    @Nullable String from,
            @Option(
                            names = "--to",
                            paramLabel = "NAME",
                            description = "The repository to fill; left out: every one with wal: repaired.")
                    @Nullable String to,
            @Option(
                            names = "--compare",
                            description =
                                    "Also compares every segment that both have; else only those beside what is missing.")
                    boolean compare,
            @Option(names = "--dry-run", description = "Says what is missing, and fills nothing.") boolean dryRun) {
        return new WalFilling(session, compare, dryRun)
                .run(Optional.ofNullable(from), Optional.ofNullable(to).or(session::repositoryName));
    }

    private <T> T archive(@Nullable Integer incarnation, Function<WalArchive, T> work) {
        return WithRepository.cluster(session, cluster -> work.apply(cluster.wal(incarnation(cluster, incarnation))));
    }

    private static Incarnation incarnation(ClusterCatalog cluster, @Nullable Integer number) {
        return number == null ? cluster.newestIncarnation() : cluster.incarnation(number);
    }

    private static ShowAnswer show(WalArchive wal, WalFileName file) {
        WalNameReport report = wal.show(file);
        Optional<String> delivered = report.delivered().map(WalObject::key);
        return new ShowAnswer(
                file.toString(),
                wal.incarnation().number(),
                report.variants().stream()
                        .map(variant -> new Variant(
                                WalResolution.shown(variant.object().variant()),
                                variant.rawBytes(),
                                variant.object().storedBytes(),
                                variant.digest(),
                                delivered
                                        .filter(key ->
                                                key.equals(variant.object().key()))
                                        .isPresent()))
                        .toList(),
                report.events().stream()
                        .map(event ->
                                new Event(event.kind(), event.variant(), event.time(), event.by(), event.reason()))
                        .toList());
    }

    private static WalFileName fileName(String name) {
        return WalFileName.parse(name)
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.USAGE,
                        "\"" + name + "\" is not the name of a WAL file",
                        "Names look like 000000010000000000000042."));
    }

    private static Timeline timeline(WalTimeline timeline) {
        return new Timeline(
                timeline.timeline(),
                timeline.parent().isPresent() ? timeline.parent().getAsInt() : null,
                timeline.switchLsn().isValid() ? timeline.switchLsn().toString() : null,
                timeline.first().map(WalSegmentName::toString).orElse(null),
                timeline.last().map(WalSegmentName::toString).orElse(null),
                ranges(timeline.gaps()),
                ranges(timeline.removed()),
                ranges(timeline.leftOut()));
    }

    private static List<Gap> ranges(List<WalGap> ranges) {
        return ranges.stream()
                .map(range -> new Gap(range.from().toString(), range.to().toString()))
                .toList();
    }

    private static List<String> timelines(ListAnswer answer) {
        TextTable table = new TextTable("TIMELINE>", "PARENT>", "SWITCH", "FIRST WAL", "LAST WAL", "GAPS");
        answer.timelines()
                .forEach(timeline -> table.row(
                        Integer.toUnsignedString(timeline.timeline()),
                        timeline.parent() == null ? "" : Integer.toUnsignedString(timeline.parent()),
                        timeline.switchLsn() == null ? "" : timeline.switchLsn(),
                        timeline.firstWal() == null ? "" : timeline.firstWal(),
                        timeline.lastWal() == null ? "" : timeline.lastWal(),
                        (timeline.gaps().isEmpty() ? "none" : text(timeline.gaps()))
                                + (timeline.removed().isEmpty()
                                        ? ""
                                        : "; removed by expire: " + text(timeline.removed()))
                                + (timeline.leftOut().isEmpty()
                                        ? ""
                                        : "; left out by a copy: " + text(timeline.leftOut()))));
        return answer.timelines().isEmpty() ? List.of("no WAL is archived yet") : table.lines("");
    }

    private static String text(List<Gap> ranges) {
        return ranges.stream()
                .map(range -> range.from() + (range.from().equals(range.to()) ? "" : " to " + range.to()))
                .collect(Collectors.joining(", "));
    }

    private static List<String> files(ListAnswer answer) {
        TextTable table = new TextTable("NAME", "VARIANT", "STORED>");
        answer.files().forEach(file -> table.row(file.name(), file.variant(), Units.bytes(file.storedBytes())));
        return answer.files().isEmpty() ? List.of("nothing is archived on this timeline") : table.lines("");
    }
}
