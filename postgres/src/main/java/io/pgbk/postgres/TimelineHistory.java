package io.pgbk.postgres;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where a timeline comes from: the content of its {@code .history} file. Entries are ordered from the oldest ancestor to
 * the direct parent, with ascending switch points; timeline 1 has none. Timelines that the file names but that
 * contributed nothing, because a recovery ended before they began, are not among them.
 *
 * <p>Source: PostgreSQL's readTimeLineHistory (access/transam/timeline.c).
 *
 * @param timeline the timeline whose history this is (unsigned)
 * @param entries its ancestors and where each was left
 */
public record TimelineHistory(int timeline, List<Entry> entries) {
    /** A history longer than this is refused: at 40 bytes a line it would be 100,000 promotions. */
    public static final int MAX_BYTES = 4 << 20;

    /**
     * One line.
     *
     * @param parentTimeline the timeline that was left
     * @param switchLsn where it was left: its last byte that belongs to the descendants is the one before
     * @param reason PostgreSQL's remark on why
     */
    public record Entry(int parentTimeline, Lsn switchLsn, String reason) {}

    /** A piece of log on one timeline: from {@code from} up to, not including, {@code to}; no {@code to} means open. */
    public record Range(int timeline, Lsn from, Optional<Lsn> to) {
        /** Whether the byte at {@code lsn} lies in the range. */
        public boolean contains(Lsn lsn) {
            return !lsn.isBefore(from) && (to.isEmpty() || lsn.isBefore(to.get()));
        }
    }

    public TimelineHistory {
        entries = List.copyOf(entries);
        if (timeline == 0) {
            throw new IllegalArgumentException("timeline 0 does not exist");
        }
    }

    /** The history of a first timeline, which has no file. */
    public static TimelineHistory root(int timeline) {
        return new TimelineHistory(timeline, List.of());
    }

    /**
     * Reads a history file.
     *
     * @param timeline the timeline that the file's name names
     * @throws PgbkException with code WAL_INVALID when the bytes are no history of that timeline
     */
    public static TimelineHistory parse(int timeline, byte[] content) {
        if (content.length > MAX_BYTES) {
            throw invalid(timeline, "it has " + content.length + " bytes");
        }
        List<Entry> entries = new ArrayList<>();
        int highest = 0;
        int lineNumber = 0;
        for (String line : new String(content, StandardCharsets.UTF_8).split("\n", -1)) {
            lineNumber++;
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            Entry entry = parseLine(timeline, lineNumber, text);
            if (Integer.compareUnsigned(entry.parentTimeline(), highest) <= 0
                    || Integer.compareUnsigned(entry.parentTimeline(), timeline) >= 0) {
                throw invalid(timeline, "line " + lineNumber + " is out of order");
            }
            highest = entry.parentTimeline();
            add(entries, entry);
        }
        return new TimelineHistory(timeline, entries);
    }

    /**
     * Adds the next line. A recovery that follows a timeline and stops before that one began names it all the same, with
     * a switch point before the one above: what counts up to there was written by the ancestor whose range that is.
     */
    private static void add(List<Entry> entries, Entry next) {
        if (entries.isEmpty() || !next.switchLsn().isBefore(entries.getLast().switchLsn())) {
            entries.add(next);
            return;
        }
        Entry last = entries.removeLast();
        while (!entries.isEmpty() && !entries.getLast().switchLsn().isBefore(next.switchLsn())) {
            last = entries.removeLast();
        }
        entries.add(new Entry(last.parentTimeline(), next.switchLsn(), next.reason()));
    }

    private static Entry parseLine(int timeline, int lineNumber, String text) {
        String[] fields = text.split("\\s+", 3);
        Optional<Lsn> lsn = fields.length < 2 ? Optional.empty() : Lsn.tryParse(fields[1]);
        int parent;
        try {
            parent = Integer.parseUnsignedInt(fields[0]);
        } catch (NumberFormatException e) {
            throw invalid(timeline, "line " + lineNumber + " does not start with a timeline");
        }
        if (lsn.isEmpty() || parent == 0) {
            throw invalid(timeline, "line " + lineNumber + " has no switch point");
        }
        return new Entry(parent, lsn.get(), fields.length > 2 ? fields[2] : "");
    }

    private static PgbkException invalid(int timeline, String why) {
        return new PgbkException(
                ErrorCode.WAL_INVALID, "'" + new WalFileName.History(timeline) + "' is no timeline history: " + why);
    }

    /** The timeline from which this one branched off, or empty for a first one. */
    public OptionalInt parent() {
        return entries.isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(entries.getLast().parentTimeline());
    }

    /** Where this timeline begins: its parent's switch point, or {@link Lsn#INVALID} for a first one. */
    public Lsn startLsn() {
        return entries.isEmpty() ? Lsn.INVALID : entries.getLast().switchLsn();
    }

    /** Whether this timeline is {@code other} or descends from it. */
    public boolean includes(int other) {
        return other == timeline || endOf(other).isPresent();
    }

    /** Where an ancestor was left; empty for this timeline itself and for strangers. */
    public Optional<Lsn> endOf(int ancestor) {
        for (Entry entry : entries) {
            if (entry.parentTimeline() == ancestor) {
                return Optional.of(entry.switchLsn());
            }
        }
        return Optional.empty();
    }

    /** Whether the byte at {@code lsn} of that timeline is part of this timeline's past or present. */
    public boolean contains(int ofTimeline, Lsn lsn) {
        return ranges().stream().anyMatch(range -> range.timeline() == ofTimeline && range.contains(lsn));
    }

    /** The timeline that wrote the byte at {@code lsn} in this history. */
    public int timelineAt(Lsn lsn) {
        for (Entry entry : entries) {
            if (lsn.isBefore(entry.switchLsn())) {
                return entry.parentTimeline();
            }
        }
        return timeline;
    }

    /** The whole way from the oldest ancestor to this timeline; together the ranges cover all addresses. */
    public List<Range> ranges() {
        List<Range> ranges = new ArrayList<>(entries.size() + 1);
        Lsn from = Lsn.INVALID;
        for (Entry entry : entries) {
            ranges.add(new Range(entry.parentTimeline(), from, Optional.of(entry.switchLsn())));
            from = entry.switchLsn();
        }
        ranges.add(new Range(timeline, from, Optional.empty()));
        return ranges;
    }
}
