package io.pgbk.restore.verify;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.run.Workers;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/** Verifies manifests and packs; each pack is read once, however many backups use it. */
final class BackupVerification {
    private final ClusterCatalog catalog;
    private final Repository repository;
    private final VerifyRequest request;
    private final RandomGenerator random;
    private final Workers workers;
    private final Tally tally;
    private final TaskMonitor monitor;
    private final Set<Label> gone = new HashSet<>();

    private record PackJob(PackRef ref, Set<Label> users) {}

    BackupVerification(
            ClusterCatalog catalog,
            VerifyRequest request,
            RandomGenerator random,
            Workers workers,
            Tally tally,
            TaskMonitor monitor) {
        this.catalog = catalog;
        this.repository = catalog.repository();
        this.request = request;
        this.random = random;
        this.workers = workers;
        this.tally = tally;
        this.monitor = monitor;
    }

    /** Returns the labels of backups that were removed meanwhile: nothing is said about them. */
    Set<Label> run(List<BackupRecord> backups) throws IOException {
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
        Sample sample = new Sample(request.samplePercent(), random);
        List<Workers.Task> tasks = new ArrayList<>();
        for (PackJob job : packs.values()) {
            boolean whole = sample.next();
            tasks.add(() -> pack(job, whole));
        }
        workers.run(tasks);
        return gone;
    }

    private void manifest(BackupRecord backup, String key, Map<String, PackJob> packs) throws IOException {
        long length = backup.summary().manifest().storedBytes();
        String sha256 = sha256(key, length);
        if (!sha256.equals(backup.summary().manifest().sha256())) {
            throw damaged(
                    key,
                    "its SHA-256 is " + sha256 + ", the backup's summary says "
                            + backup.summary().manifest().sha256());
        }
        try (ManifestReader manifest = ManifestReader.open(repository.store(), repository.keys(), key, length)) {
            ManifestFacts facts = manifest.facts();
            if (!facts.label().equals(backup.label().value())) {
                throw damaged(key, "it describes backup " + facts.label());
            }
            List<PackRef> refs = manifest.packs();
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
                        path -> new PackJob(ref, new TreeSet<>(java.util.Comparator.comparing(Label::value))));
                if (!job.ref().equals(ref)) {
                    throw damaged(key, "it describes pack " + ref.path() + " otherwise than another manifest");
                }
                job.users().add(backup.label());
            }
        }
        tally.checked(length);
    }

    private String sha256(String key, long length) throws IOException {
        try (InputStream in = repository.store().read(key, 0, length)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void pack(PackJob job, boolean whole) throws IOException {
        monitor.checkCancelled();
        PackRef ref = job.ref();
        check(ref.path(), job.users(), () -> {
            if (whole) {
                try (PackReader reader = new PackReader(repository.store(), repository.keys())) {
                    reader.verify(ref);
                }
                tally.checked(ref.length());
            } else {
                OptionalLong length = repository.store().findLength(ref.path());
                if (length.isEmpty()) {
                    throw new PgbkException(ErrorCode.OBJECT_MISSING, "pack " + ref.path() + " does not exist");
                }
                if (length.getAsLong() != ref.length()) {
                    throw damaged(ref.path(), "it has " + length.getAsLong() + " bytes instead of " + ref.length());
                }
                tally.checked(0);
            }
            monitor.advance(ref.length());
        });
    }

    /** Runs a check; what it throws about content becomes a finding for each backup that needs the object. */
    private void check(String object, Set<Label> users, Workers.Task check) throws IOException {
        try {
            check.run();
        } catch (PgbkException e) {
            Optional<Finding.Kind> kind = kind(e);
            if (kind.isEmpty()) {
                throw e;
            }
            for (Label label : users) {
                if (kind.get() == Finding.Kind.MISSING && isBeingRemoved(label)) {
                    synchronized (gone) {
                        gone.add(label);
                    }
                    continue;
                }
                tally.found(
                        new Finding(kind.get(), object, Optional.of(label.value()), String.valueOf(e.getMessage())));
            }
        }
    }

    static Optional<Finding.Kind> kind(PgbkException e) {
        return switch (e.code()) {
            case OBJECT_DAMAGED, WAL_INVALID, OTHER_CLUSTER, FORMAT_TOO_NEW -> Optional.of(Finding.Kind.DAMAGED);
            case OBJECT_MISSING -> Optional.of(Finding.Kind.MISSING);
            default -> Optional.empty();
        };
    }

    /** A missing object is no damage when an expiry removed its backup in between. */
    private boolean isBeingRemoved(Label label) {
        return catalog.backups().find(label).map(BackupRecord::expiring).orElse(true);
    }

    private static PgbkException damaged(String key, String why) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + ": " + why);
    }
}
