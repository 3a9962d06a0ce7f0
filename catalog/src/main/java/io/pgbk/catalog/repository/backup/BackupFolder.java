package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import java.util.ArrayList;
import java.util.List;

/** What a listing shows of one label, before anything is read. */
final class BackupFolder {
    private final Label label;
    private boolean intent;
    private boolean ended;
    private int lastManifest;
    private int lastAlive = -1;
    private final List<Integer> events = new ArrayList<>();

    BackupFolder(Label label) {
        this.label = label;
    }

    void add(RepositoryObject.OfBackup object) {
        switch (object) {
            case RepositoryObject.Intent ignored -> intent = true;
            case RepositoryObject.Backup ignored -> ended = true;
            case RepositoryObject.Alive alive -> lastAlive = Math.max(lastAlive, alive.number());
            case RepositoryObject.Event event -> events.add(event.number());
            case RepositoryObject.Manifest manifest -> lastManifest = Math.max(lastManifest, manifest.generation());
            case RepositoryObject.Pack ignored -> {}
        }
    }

    Label label() {
        return label;
    }

    boolean intent() {
        return intent;
    }

    /** Whether the {@code backup} object is there: committed, or aborted. */
    boolean ended() {
        return ended;
    }

    /**
     * Events, which come after a commit, without a summary: what an interrupted removal left, a committed backup whose
     * summary vanished, or a copy that is on its way under a label that was in use before.
     */
    boolean removalLeftover() {
        return !ended && !events.isEmpty();
    }

    /** The generation of the youngest manifest, 0 for none. */
    int lastManifest() {
        return lastManifest;
    }

    /** The number of the newest sign of life, -1 for none. */
    int lastAlive() {
        return lastAlive;
    }

    List<Integer> events() {
        return events;
    }
}
