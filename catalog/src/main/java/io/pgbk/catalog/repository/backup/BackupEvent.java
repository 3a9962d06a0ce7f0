package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Something that happened to a backup after its commit. The highest number is the newest. */
public sealed interface BackupEvent {
    /** It must not be removed, by expiry or by hand. */
    record Pinned(String reason) implements BackupEvent {}

    /** The pin is gone. */
    record Unpinned() implements BackupEvent {}

    /** Annotations were set; an empty value removes one. */
    record Annotated(Map<String, String> annotations) implements BackupEvent {
        public Annotated {
            annotations = Map.copyOf(annotations);
        }
    }

    /**
     * It is being removed: nobody may begin to need it. Objects go at {@code removeAfter} at the earliest.
     *
     * @param forced also when no good backup is left then
     * @param policy whether a policy said so and no person: it is called off when the policy keeps the backup again
     */
    record Expiring(Instant removeAfter, String reason, boolean forced, boolean policy) implements BackupEvent {
        /** A person's, that stops when it meets the last good backup. */
        public Expiring(Instant removeAfter, String reason) {
            this(removeAfter, reason, false, false);
        }
    }

    /** The removal was called off. Behind {@link Removing} it says nothing. */
    record ExpiryCancelled(String reason) implements BackupEvent {}

    /**
     * Its objects go now. Created exclusively as the very next event behind those that were read before it was found
     * that nobody needs the backup; so nothing can have begun to need it in between, and nothing calls it off.
     *
     * @param announcement the one whose grace period was over; it counts for no other. An older version did not say
     */
    record Removing(Optional<Announcement> announcement) implements BackupEvent {
        /** Whether it carries out what an event announced. */
        boolean carriesOut(Recorded expiring) {
            return announcement.map(Announcement.of(expiring)::equals).orElse(true);
        }
    }

    /**
     * Which {@link Expiring} is meant. The number alone does not tell: when a backup was removed and copied back, its
     * events begin at 1 again.
     */
    record Announcement(int number, Instant time) {
        static Announcement of(Recorded expiring) {
            return new Announcement(expiring.number(), expiring.time());
        }
    }

    /** A verification read it. */
    record Verified(VerifyVerdict verdict) implements BackupEvent {}

    /** A drill restored it. */
    record Drilled(DrillVerdict verdict) implements BackupEvent {}

    /**
     * A compaction is about to make a manifest the valid one: from now on the backup needs what that names as well.
     *
     * @param generation of that manifest
     * @param needs the labels of other backups whose packs it names
     */
    record ManifestProposed(int generation, Set<Label> needs) implements BackupEvent {
        public ManifestProposed {
            needs = Set.copyOf(needs);
        }
    }

    /**
     * A manifest that was proposed does not become valid any more.
     *
     * @param proposal the number of the event that proposed it
     */
    record ManifestWithdrawn(int proposal, String reason) implements BackupEvent {}

    /**
     * A compaction wrote a new manifest, which is valid from now on.
     *
     * @param packs every pack that this manifest refers to, in place of the summary's
     * @param proposal the number of the event that proposed it: unless that is the last one before this about a
     *     manifest, this says nothing. An older version proposed nothing
     */
    record ManifestReplaced(BackupSummary.ManifestReference manifest, List<PackUse> packs, OptionalInt proposal)
            implements BackupEvent {
        public ManifestReplaced {
            packs = PackUseList.copyOf(packs);
        }

        /** The labels of other backups whose packs the manifest refers to. */
        Set<Label> owners(Label own) {
            Set<Label> owners = PackUseList.owners(packs);
            owners.remove(own);
            return owners;
        }
    }

    /** An event of a newer version. */
    record Unknown(String kind) implements BackupEvent {}

    /**
     * What a verification found.
     *
     * @param samplePercent how much of the data was read, 0 to 100
     * @param arc which part; empty when an older version wrote a sample
     * @param finding the first finding, empty when it was sound
     * @param damagedPacks packs of the backup that are damaged or missing, of this or of an earlier finding that still
     *     holds: what an earlier sample found is read again by every later one
     */
    record VerifyVerdict(
            Verdict verdict,
            double samplePercent,
            Optional<SampleArc> arc,
            long objectsChecked,
            long bytesChecked,
            Optional<String> finding,
            Set<PackId> damagedPacks) {
        public VerifyVerdict {
            damagedPacks = Set.copyOf(damagedPacks);
        }

        /** A verdict that names no part and no packs, as of an older version. */
        public VerifyVerdict(
                Verdict verdict,
                double samplePercent,
                long objectsChecked,
                long bytesChecked,
                Optional<String> finding) {
            this(verdict, samplePercent, Optional.empty(), objectsChecked, bytesChecked, finding, Set.of());
        }
    }

    /** The outcome of a verification. */
    enum Verdict {
        SOUND("sound"),
        DAMAGED("damaged"),
        GAPS("gaps");

        private final String id;

        Verdict(String id) {
            this.id = id;
        }

        /** The stable name in JSON. */
        public String id() {
            return id;
        }

        /** The verdict with this {@link #id()}. */
        public static Optional<Verdict> ofId(String id) {
            for (Verdict verdict : values()) {
                if (verdict.id.equals(id)) {
                    return Optional.of(verdict);
                }
            }
            return Optional.empty();
        }
    }

    /**
     * What a drill found.
     *
     * @param good whether everything that the drill checked held
     * @param target what it restored to, for people
     */
    record DrillVerdict(
            boolean good, String target, double restoreSeconds, double replaySeconds, Optional<String> finding) {}

    /**
     * An event with where it stands.
     *
     * @param number from 1, ascending
     * @param time by the clock of the host that wrote it
     */
    record Recorded(int number, Instant time, String by, BackupEvent event) {}
}
