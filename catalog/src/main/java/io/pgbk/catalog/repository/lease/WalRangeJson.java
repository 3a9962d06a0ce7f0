package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** The member {@code wal} of holds and intents. */
public final class WalRangeJson {
    private static final String MEMBER = "wal";
    private static final String TO = "to";

    private WalRangeJson() {}

    /** Adds the member. */
    public static void write(ObjectNode json, Holds.WalRange range) {
        ObjectNode wal = json.putObject(MEMBER)
                .put("incarnation", range.incarnation())
                .put("timeline", Integer.toUnsignedLong(range.timeline()))
                .put("from", range.from().toString());
        range.to().ifPresent(to -> wal.put(TO, to.toString()));
    }

    /** Reads the member; empty when there is none. */
    public static Optional<Holds.WalRange> read(JsonDocument json) {
        return json.optionalObject(MEMBER)
                .map(range -> new Holds.WalRange(
                        range.integer("incarnation", 1, RepositoryLayout.MAX_NUMBER),
                        (int) range.number("timeline", 1, 0xFFFF_FFFFL),
                        range.lsn("from"),
                        range.has(TO) ? Optional.of(range.lsn(TO)) : Optional.empty()));
    }
}
