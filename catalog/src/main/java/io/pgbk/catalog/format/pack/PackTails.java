package io.pgbk.catalog.format.pack;

import java.util.Collection;
import java.util.Optional;

/**
 * Index and trailer of packs, exactly as they are stored, at a place that is nearer than the store. Nothing there is
 * believed: {@link PackReader#keptPageDigests} checks it as it checks what comes out of the store, and asks that for what
 * is missing or wrong. So nothing here ever fails. Used by many threads.
 */
public interface PackTails {
    /** Keeps nothing. */
    PackTails NONE = new PackTails() {
        @Override
        public Optional<byte[]> find(PackRef pack) {
            return Optional.empty();
        }

        @Override
        public void keep(PackRef pack, byte[] tail) {}

        @Override
        public void drop(PackRef pack) {}

        @Override
        public void keepOnly(Collection<PackRef> packs) {}

        @Override
        public boolean isOn() {
            return false;
        }
    };

    /** What was kept of exactly this pack, if anything. */
    Optional<byte[]> find(PackRef pack);

    /** Keeps it, if there is room. */
    void keep(PackRef pack, byte[] tail);

    /** What was kept of the pack turned out to be of no use. */
    void drop(PackRef pack);

    /** No other packs are going to be asked for. */
    void keepOnly(Collection<PackRef> packs);

    /** Whether it is worth the while to give anything to be kept. */
    default boolean isOn() {
        return true;
    }
}
