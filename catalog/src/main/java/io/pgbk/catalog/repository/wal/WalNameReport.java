package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.WalFileName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * All that the archive holds under one name.
 *
 * @param delivered the variant that archive-get delivers, empty when there is none
 * @param events oldest first
 */
public record WalNameReport(
        WalFileName name, List<Variant> variants, Optional<WalObject> delivered, List<WalEvent> events) {
    public WalNameReport {
        variants = List.copyOf(variants);
        events = List.copyOf(events);
    }

    /**
     * One content.
     *
     * @param rawBytes length of the file
     * @param digest keyed digest of the file, 64 hexadecimal digits
     */
    public record Variant(WalObject object, long rawBytes, String digest) {}

    /**
     * Something that happened to the name.
     *
     * @param kind {@code kept-beside} or {@code resolved}, or a kind of a newer version
     * @param variant the variant that it is about
     */
    public record WalEvent(String kind, String variant, Instant time, String by, String reason) {}
}
