package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A committed backup with everything that happened to it.
 *
 * @param summaryBytes length of the summary's object
 * @param summarySha256 of the summary's object, hexadecimal
 * @param events oldest first
 */
public record BackupRecord(
        BackupSummary summary, long summaryBytes, String summarySha256, List<BackupEvent.Recorded> events) {
    /** Arcs are added up in floating point. */
    private static final double WHOLE_PERCENT = 100 - 1e-6;

    public BackupRecord {
        events = List.copyOf(events);
    }

    public Label label() {
        return summary.label();
    }

    public boolean pinned() {
        return last(event -> event instanceof BackupEvent.Pinned || event instanceof BackupEvent.Unpinned)
                .map(recorded -> recorded.event() instanceof BackupEvent.Pinned)
                .orElse(false);
    }

    /** Being removed: restores that run may still read it, nobody may begin to need it. */
    public boolean expiring() {
        return expiry().isPresent();
    }

    /** The end of the grace period while {@link #expiring()}. */
    public Optional<BackupEvent.Expiring> expiry() {
        return expiry(events).map(recorded -> (BackupEvent.Expiring) recorded.event());
    }

    /** The event of {@link #expiry()}, with its time. */
    Optional<BackupEvent.Recorded> expiryEvent() {
        return expiry(events);
    }

    /** Which announcement counts while {@link #expiring()}. */
    Optional<BackupEvent.Announcement> announcement() {
        return expiryEvent().map(BackupEvent.Announcement::of);
    }

    /** Whether its objects go now: its removal is not called off any more. */
    public boolean removing() {
        return removing(events).isPresent();
    }

    /** The number of its newest event, 0 for none. */
    int lastEvent() {
        return events.isEmpty() ? 0 : events.getLast().number();
    }

    /** The decision that the objects go now: it counts only for the last announcement, and unless that was called off. */
    static Optional<BackupEvent.Recorded> removing(List<BackupEvent.Recorded> events) {
        Optional<BackupEvent.Recorded> announced = Optional.empty();
        for (BackupEvent.Recorded recorded : events) {
            if (recorded.event() instanceof BackupEvent.Removing removing
                    && announced.filter(removing::carriesOut).isPresent()) {
                return Optional.of(recorded);
            }
            if (recorded.event() instanceof BackupEvent.Expiring) {
                announced = Optional.of(recorded);
            } else if (recorded.event() instanceof BackupEvent.ExpiryCancelled) {
                announced = Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** The removal that the last of these events about one says, oldest first. */
    static Optional<BackupEvent.Recorded> expiry(List<BackupEvent.Recorded> events) {
        int decided = removing(events).map(BackupEvent.Recorded::number).orElse(Integer.MAX_VALUE);
        return last(
                        events.stream()
                                .filter(recorded -> recorded.number() < decided)
                                .toList(),
                        event -> event instanceof BackupEvent.Expiring || event instanceof BackupEvent.ExpiryCancelled)
                .filter(recorded -> recorded.event() instanceof BackupEvent.Expiring);
    }

    /** Those given at the start, changed by what came later. */
    public Map<String, String> annotations() {
        Map<String, String> annotations = new LinkedHashMap<>(summary.facts().annotations());
        for (BackupEvent.Recorded recorded : events) {
            if (recorded.event() instanceof BackupEvent.Annotated annotated) {
                annotated.annotations().forEach((key, value) -> {
                    if (value.isEmpty()) {
                        annotations.remove(key);
                    } else {
                        annotations.put(key, value);
                    }
                });
            }
        }
        return annotations;
    }

    /** The manifest that is valid: the one written with the backup, unless a compaction's was confirmed later. */
    public BackupSummary.ManifestReference manifest() {
        return ManifestEvents.of(events)
                .replacement()
                .map(BackupEvent.ManifestReplaced::manifest)
                .orElse(summary.manifest());
    }

    /** The event that made the valid manifest valid; empty for the one written with the backup. */
    public Optional<BackupEvent.Recorded> lastReplacement() {
        return ManifestEvents.of(events).valid();
    }

    /** Every pack that the valid manifest refers to, also of other backups. */
    public List<PackUse> packs() {
        return ManifestEvents.of(events)
                .replacement()
                .map(BackupEvent.ManifestReplaced::packs)
                .orElse(summary.packs());
    }

    /** What says that another manifest may become valid; when nobody runs a compaction, one died. */
    public Optional<BackupEvent.Recorded> openProposal() {
        return ManifestEvents.of(events).open();
    }

    /** The labels of other backups that must not go while this one is listed: owners, and those that may become so. */
    Set<Label> needs() {
        Set<Label> needs = owners();
        needs.addAll(ManifestEvents.of(events).proposedNeeds());
        return needs;
    }

    /** The labels of other backups whose packs the valid manifest refers to. */
    public Set<Label> owners() {
        Set<Label> owners = PackUseList.owners(packs());
        owners.remove(label());
        return owners;
    }

    /** The same for all manifests that ever were valid: what began before a compaction goes on reading them. */
    public Set<Label> ownersEver() {
        Set<Label> owners = PackUseList.owners(summary.packs());
        for (BackupEvent.Recorded recorded : events) {
            if (recorded.event() instanceof BackupEvent.ManifestReplaced replaced) {
                owners.addAll(PackUseList.owners(replaced.packs()));
            }
        }
        owners.remove(label());
        return owners;
    }

    public Optional<BackupEvent.Recorded> lastVerify() {
        return last(BackupEvent.Verified.class::isInstance);
    }

    public Optional<BackupEvent.Recorded> lastDrill() {
        return last(BackupEvent.Drilled.class::isInstance);
    }

    /** Whether nothing speaks against it: no page errors, no negative verdict that stands, not being removed. */
    public boolean good() {
        return sound() && !expiring();
    }

    /** As {@link #good()}, whether it is being removed or not. */
    public boolean sound() {
        return summary.facts().pageErrors() == 0 && !hasNegativeVerdict();
    }

    /**
     * Packs that it uses and that its last verification found damaged or missing: whoever builds on it stores what lies
     * in them anew. {@link BackupCatalog#damagedPacks} has those of all backups.
     */
    public Set<PackId> damagedPacks() {
        return lastVerify()
                .map(recorded ->
                        ((BackupEvent.Verified) recorded.event()).verdict().damagedPacks())
                .orElse(Set.of());
    }

    /**
     * How much of its data was read by verifications since a moment, 0 to 100.
     *
     * @param since by the clocks of the hosts that verified
     */
    public double readPercentSince(Instant since) {
        List<SampleArc> arcs = new ArrayList<>();
        for (BackupEvent.Recorded recorded : events) {
            if (recorded.event() instanceof BackupEvent.Verified verified
                    && !recorded.time().isBefore(since)) {
                verified.verdict().arc().ifPresent(arcs::add);
            }
        }
        return SampleArc.covered(arcs);
    }

    /** The moment since which verifications read all of its data; empty when they never did. */
    public Optional<Instant> wholeReadSince() {
        List<SampleArc> arcs = new ArrayList<>();
        for (BackupEvent.Recorded recorded : events.reversed()) {
            if (recorded.event() instanceof BackupEvent.Verified verified) {
                verified.verdict().arc().ifPresent(arcs::add);
                if (SampleArc.covered(arcs) > WHOLE_PERCENT) {
                    return Optional.of(recorded.time());
                }
            }
        }
        return Optional.empty();
    }

    /** Whether its last verification or its last drill found something. */
    public boolean hasNegativeVerdict() {
        boolean damaged = lastVerify()
                .map(recorded ->
                        ((BackupEvent.Verified) recorded.event()).verdict().verdict() != BackupEvent.Verdict.SOUND)
                .orElse(false);
        boolean failed = lastDrill()
                .map(recorded ->
                        !((BackupEvent.Drilled) recorded.event()).verdict().good())
                .orElse(false);
        return damaged || failed;
    }

    /** The same backup behind one more verdict, for who gave it and need not read it again. */
    public BackupRecord with(BackupEvent.VerifyVerdict verdict, Instant time) {
        List<BackupEvent.Recorded> more = new ArrayList<>(events);
        int number = events.isEmpty() ? 1 : events.getLast().number() + 1;
        more.add(new BackupEvent.Recorded(number, time, "this process", new BackupEvent.Verified(verdict)));
        return new BackupRecord(summary, summaryBytes, summarySha256, more);
    }

    private Optional<BackupEvent.Recorded> last(Predicate<BackupEvent> predicate) {
        return last(events, predicate);
    }

    private static Optional<BackupEvent.Recorded> last(
            List<BackupEvent.Recorded> events, Predicate<BackupEvent> predicate) {
        return events.reversed().stream()
                .filter(recorded -> predicate.test(recorded.event()))
                .findFirst();
    }
}
