package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** Which objects a listing showed of one label. */
final class LabelNames {
    private final Label label;
    private final SortedSet<Integer> events = new TreeSet<>();
    private boolean intent;
    private boolean ended;
    private boolean alive;
    private boolean manifest;

    LabelNames(Label label) {
        this.label = label;
    }

    void add(RepositoryObject.OfBackup object) {
        switch (object) {
            case RepositoryObject.Intent ignored -> intent = true;
            case RepositoryObject.Backup ignored -> ended = true;
            case RepositoryObject.Alive ignored -> alive = true;
            case RepositoryObject.Manifest ignored -> manifest = true;
            case RepositoryObject.Event event -> events.add(event.number());
            case RepositoryObject.Pack ignored -> {}
        }
    }

    Label label() {
        return label;
    }

    boolean intent() {
        return intent;
    }

    /**
     * Whether the summary of a committed backup vanished: its signs of life went after the commit, and a removal, which
     * begins with an event, takes the summary first and the intent before the events.
     */
    boolean summaryVanished() {
        return intent && !ended && !alive && manifest && events.isEmpty();
    }

    /** The lowest event that must be there and is not; they are numbered from 1 without holes. */
    Optional<Integer> missingEvent() {
        int expected = 1;
        for (int number : events) {
            if (number != expected) {
                return Optional.of(expected);
            }
            expected++;
        }
        return Optional.empty();
    }
}
