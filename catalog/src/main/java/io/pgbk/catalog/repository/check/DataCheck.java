package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.format.Authentic;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;

/** Checks manifests and packs; each pack is read once, however many backups use it. */
final class DataCheck {
    /** How often a backup is read anew that got another manifest meanwhile. */
    private static final int ATTEMPTS = 3;

    private final ClusterCatalog catalog;
    private final Repository repository;
    private final Sample sample;
    private final IntFunction<Workers> workersFor;
    private final Tally tally;
    private final TaskMonitor monitor;
    private final Set<Label> gone = new HashSet<>();
    /** Generations of the manifests by which backups are read, and labels of those that have another one meanwhile. */
    private final Map<Label, Integer> generations = new HashMap<>();

    private final Set<Label> replaced = new HashSet<>();

    /** @param whole whether it is read, and not only looked for */
    private record PackJob(PackRef ref, Set<Label> users, boolean whole) {}

    /** @param workersFor opens workers that read packs with frames of up to so many bytes */
    DataCheck(
            ClusterCatalog catalog, Sample sample, IntFunction<Workers> workersFor, Tally tally, TaskMonitor monitor) {
        this.catalog = catalog;
        this.repository = catalog.repository();
        this.sample = sample;
        this.workersFor = workersFor;
        this.tally = tally;
        this.monitor = monitor;
    }

    /** Returns the labels of backups that were removed meanwhile: nothing is said about them. */
    Set<Label> run(List<BackupRecord> backups) throws IOException {
        List<BackupRecord> open = backups;
        for (int attempt = 0; attempt < ATTEMPTS && !open.isEmpty(); attempt++) {
            replaced.clear();
            read(open);
            open = replaced.stream()
                    .flatMap(label -> catalog.backups().find(label).stream())
                    .toList();
        }
        open.forEach(backup -> gone.add(backup.label()));
        return gone;
    }

    private void read(List<BackupRecord> backups) throws IOException {
        backups.forEach(
                backup -> generations.put(backup.label(), backup.manifest().generation()));
        monitor.phase("manifests", -1);
        Map<String, PackJob> packs = new LinkedHashMap<>();
        for (BackupRecord backup : backups) {
            monitor.checkCancelled();
            String key = catalog.backups().manifestKey(backup);
            check(key, Set.of(backup.label()), () -> manifest(backup, key, packs));
        }
        monitor.phase(
                "packs",
                packs.values().stream().mapToLong(job -> job.ref().length()).sum());
        try (Workers workers = workersFor.apply(largestFrame(packs.values()))) {
            workers.run(packs.values().stream()
                    .map(job -> (Workers.Task) () -> pack(job, workers.buffers()))
                    .toList());
        }
    }

    private static int largestFrame(Collection<PackJob> jobs) {
        return jobs.stream()
                .filter(PackJob::whole)
                .mapToInt(DataCheck::frameBytes)
                .max()
                .orElse(FormatLimits.MIN_FRAME_BYTES);
    }

    /** A header that cannot be read claims nothing: its pack is found damaged before anything is taken for it. */
    private static int frameBytes(PackJob job) {
        try {
            return PackReader.largestFrame(List.of(job.ref()));
        } catch (PgbkException e) {
            return FormatLimits.MIN_FRAME_BYTES;
        }
    }

    private void manifest(BackupRecord backup, String key, Map<String, PackJob> packs) throws IOException {
        long length = backup.manifest().storedBytes();
        requireLength(key, length);
        catalog.backups().requireManifest(backup);
        try (ManifestReader manifest = ManifestReader.open(repository.store(), repository.keys(), key, length)) {
            ManifestFacts facts = manifest.facts();
            if (!facts.label().equals(backup.label().value())) {
                throw damaged(key, "it describes backup " + facts.label());
            }
            List<PackRef> refs = manifest.packs();
            requireSamePacks(backup, key, refs);
            Iterator<FileEntry> files = manifest.files();
            while (files.hasNext()) {
                monitor.checkCancelled();
                FileEntry file = files.next();
                long bytes = 0;
                for (Extent extent : file.extents()) {
                    bytes += extent.length();
                    if (extent instanceof Extent.Stored stored && stored.frame().pack() >= refs.size()) {
                        throw damaged(key, "file " + file.path().text() + " names a pack that is not listed");
                    }
                }
                if (bytes != file.size()) {
                    throw damaged(
                            key,
                            "file " + file.path().text() + " has " + file.size() + " bytes but extents for " + bytes);
                }
            }
            manifest.pageFailures().forEachRemaining(failure -> {});
            manifest.relations().forEachRemaining(relation -> {});
            for (PackRef ref : refs) {
                PackJob job = packs.computeIfAbsent(
                        ref.path(),
                        path -> new PackJob(
                                ref,
                                new TreeSet<>(Comparator.comparing(Label::value)),
                                sample.arc().contains(path) || isSuspect(path)));
                if (!job.ref().equals(ref)) {
                    throw damaged(key, "it describes pack " + ref.path() + " otherwise than another manifest");
                }
                job.users().add(backup.label());
            }
        }
        tally.checked(length);
    }

    private boolean isSuspect(String path) {
        return RepositoryLayout.parse(path) instanceof RepositoryObject.Pack pack
                && sample.always().contains(new PackId(pack.label(), pack.number()));
    }

    private void pack(PackJob job, Buffers buffers) throws IOException {
        monitor.checkCancelled();
        PackRef ref = job.ref();
        check(ref.path(), job.users(), () -> {
            requireLength(ref.path(), ref.length());
            if (job.whole()) {
                try (PackReader reader = new PackReader(repository.store(), repository.keys(), buffers)) {
                    reader.verify(ref);
                }
            }
            tally.checked(job.whole() ? ref.length() : 0);
            monitor.advance(ref.length());
        });
    }

    /** Reading by the known length does not show what stands behind it. */
    private void requireLength(String key, long expected) {
        Authentic.read(repository.store(), key, () -> {
            OptionalLong length = repository.store().findLength(key);
            if (length.isEmpty()) {
                throw new PgbkException(ErrorCode.OBJECT_MISSING, "object " + key + " does not exist");
            }
            if (length.getAsLong() != expected) {
                throw damaged(key, "it has " + length.getAsLong() + " bytes instead of " + expected);
            }
            return key;
        });
    }

    private void requireSamePacks(BackupRecord backup, String key, List<PackRef> refs) {
        Map<String, Long> expected = new HashMap<>();
        for (PackUse pack : backup.packs()) {
            expected.put(RepositoryLayout.pack(catalog.name(), pack.label(), pack.number()), pack.storedBytes());
        }
        Map<String, Long> found = new HashMap<>();
        refs.forEach(ref -> found.put(ref.path(), ref.length()));
        if (!expected.equals(found)) {
            throw damaged(key, "it names other packs than the backup's summary, or the event that made it valid");
        }
    }

    /** Runs a check; what it throws about content becomes a finding for each backup that needs the object. */
    private void check(String object, Set<Label> users, Workers.Task check) throws IOException {
        try {
            check.run();
        } catch (PgbkException e) {
            Finding.Kind kind = tally.kindOf(e).orElseThrow(() -> e);
            for (Label label : users) {
                if (kind == Finding.Kind.MISSING && wentOnPurpose(label)) {
                    continue;
                }
                tally.found(new Finding(kind, object, Optional.of(label), Tally.messageOf(e)));
                if (RepositoryLayout.parse(object) instanceof RepositoryObject.Pack pack) {
                    tally.damagedPack(label, new PackId(pack.label(), pack.number()));
                }
            }
        }
    }

    /**
     * A missing object is no damage when an expiry removed its backup in between, or gave it another manifest so long ago
     * that the old one, and packs that only that one names, have gone: a verification that slept past its hold.
     */
    private boolean wentOnPurpose(Label label) {
        Optional<BackupRecord> now = catalog.backups().find(label);
        synchronized (gone) {
            if (now.map(BackupRecord::expiring).orElse(true)) {
                gone.add(label);
                return true;
            }
            boolean other = now.get().manifest().generation() != generations.getOrDefault(label, 0);
            if (other) {
                replaced.add(label);
            }
            return other;
        }
    }

    private static PgbkException damaged(String key, String why) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + ": " + why);
    }
}
