package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which manifest of a backup is valid by its events, and which one somebody is about to make valid. A manifest that was
 * proposed becomes valid only when nothing about manifests was said in between: so whoever withdraws a proposal, or makes
 * one of its own, keeps a process that wakes up later from making the other valid.
 *
 * @param valid the event that made the valid manifest valid; empty for the one written with the backup
 * @param open the proposal of which nobody knows yet what becomes of it
 */
record ManifestEvents(Optional<BackupEvent.Recorded> valid, Optional<BackupEvent.Recorded> open) {
    /** Reads events, oldest first. */
    static ManifestEvents of(List<BackupEvent.Recorded> events) {
        Optional<BackupEvent.Recorded> valid = Optional.empty();
        Optional<BackupEvent.Recorded> open = Optional.empty();
        for (BackupEvent.Recorded recorded : events) {
            if (recorded.event() instanceof BackupEvent.ManifestProposed) {
                open = Optional.of(recorded);
            } else if (recorded.event() instanceof BackupEvent.ManifestWithdrawn withdrawn) {
                open = open.filter(proposal -> proposal.number() != withdrawn.proposal());
            } else if (recorded.event() instanceof BackupEvent.ManifestReplaced replaced
                    && isProposed(replaced, open)) {
                valid = Optional.of(recorded);
                open = Optional.empty();
            }
        }
        return new ManifestEvents(valid, open);
    }

    private static boolean isProposed(BackupEvent.ManifestReplaced replaced, Optional<BackupEvent.Recorded> open) {
        return replaced.proposal().isEmpty()
                || open.filter(proposal ->
                                proposal.number() == replaced.proposal().getAsInt())
                        .map(proposal -> (BackupEvent.ManifestProposed) proposal.event())
                        .filter(proposal ->
                                proposal.generation() == replaced.manifest().generation())
                        .isPresent();
    }

    Optional<BackupEvent.ManifestReplaced> replacement() {
        return valid.map(recorded -> (BackupEvent.ManifestReplaced) recorded.event());
    }

    /** The other backups whose packs the manifest of the open proposal names. */
    Set<Label> proposedNeeds() {
        return open.map(recorded -> ((BackupEvent.ManifestProposed) recorded.event()).needs())
                .orElse(Set.of());
    }
}
