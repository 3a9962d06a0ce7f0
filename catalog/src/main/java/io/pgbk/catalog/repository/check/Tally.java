package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Counts what was checked and collects what was found. Safe for use by many threads. */
public final class Tally {
    private final Set<Finding> findings = new LinkedHashSet<>();
    private final Map<Label, Set<PackId>> damagedPacks = new HashMap<>();
    private final boolean newestKeys;
    private long objects;
    private long bytes;

    /** @param newestKeys whether the process has the keys of every epoch, so that an unknown one is damage */
    Tally(boolean newestKeys) {
        this.newestKeys = newestKeys;
    }

    synchronized void checked(long objectBytes) {
        objects++;
        bytes += objectBytes;
    }

    synchronized void damagedPack(Label user, PackId pack) {
        damagedPacks.computeIfAbsent(user, label -> new HashSet<>()).add(pack);
    }

    /** The damaged or missing packs that a backup uses. */
    public synchronized Set<PackId> damagedPacksOf(Label user) {
        return Set.copyOf(damagedPacks.getOrDefault(user, Set.of()));
    }

    synchronized void found(Finding finding) {
        findings.add(finding);
    }

    /** What a failure says about an object's content; empty when it says nothing about it. */
    Optional<Finding.Kind> kindOf(PgbkException e) {
        return switch (e.code()) {
            case OBJECT_DAMAGED, WAL_INVALID, OTHER_CLUSTER, FORMAT_TOO_NEW, ENCRYPTION_MISMATCH, TIMELINE_CONFLICT ->
                Optional.of(Finding.Kind.DAMAGED);
            case KEY_WRONG -> newestKeys ? Optional.of(Finding.Kind.DAMAGED) : Optional.empty();
            case OBJECT_MISSING -> Optional.of(Finding.Kind.MISSING);
            default -> Optional.empty();
        };
    }

    /**
     * Runs a check of one object; what it throws about content becomes a finding.
     *
     * @return false when it found something
     */
    boolean attempt(String object, Optional<Label> backup, Runnable check) {
        try {
            check.run();
            return true;
        } catch (PgbkException e) {
            found(new Finding(kindOf(e).orElseThrow(() -> e), object, backup, messageOf(e)));
            return false;
        }
    }

    /** As {@link #attempt} for work on many objects: not said again when the object that failed was found already. */
    boolean attemptWhole(String object, Optional<Label> backup, Runnable check) {
        try {
            check.run();
            return true;
        } catch (PgbkException e) {
            Finding.Kind kind = kindOf(e).orElseThrow(() -> e);
            String message = messageOf(e);
            boolean known = findings().stream().filter(Finding::serious).anyMatch(f -> message.contains(f.object()));
            if (!known) {
                found(new Finding(kind, object, backup, message));
            }
            return false;
        }
    }

    static String messageOf(PgbkException e) {
        String message = e.getMessage();
        return message == null ? ErrorCode.INTERNAL.id() : message;
    }

    public synchronized List<Finding> findings() {
        return List.copyOf(findings);
    }

    /** How many objects were looked at. */
    public synchronized long objects() {
        return objects;
    }

    /** How many stored bytes were read. */
    public synchronized long bytes() {
        return bytes;
    }

    public BackupEvent.Verdict verdict() {
        return verdict(findings());
    }

    /** The first finding that concerns a backup. */
    public Optional<Finding> firstOf(Label label) {
        return of(label).stream().filter(Finding::serious).findFirst();
    }

    public BackupEvent.Verdict verdictOf(Label label) {
        return verdict(of(label));
    }

    private List<Finding> of(Label label) {
        return findings().stream()
                .filter(finding -> finding.backup().filter(label::equals).isPresent())
                .toList();
    }

    private static BackupEvent.Verdict verdict(List<Finding> findings) {
        boolean damaged = false;
        boolean gaps = false;
        for (Finding finding : findings) {
            switch (finding.kind()) {
                case DAMAGED, MISSING -> damaged = true;
                case WAL_GAP -> gaps = true;
                case UNKNOWN -> {}
            }
        }
        return damaged ? BackupEvent.Verdict.DAMAGED : gaps ? BackupEvent.Verdict.GAPS : BackupEvent.Verdict.SOUND;
    }
}
