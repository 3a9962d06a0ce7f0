package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeySlots;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupSummary;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Walks over every object of a repository that nobody writes to meanwhile, reads all of it, and checks every listed
 * backup: its summary and manifest, its packs with their lengths and content, and its WAL up to the stop LSN.
 */
public final class RepositoryChecker {
    private static final int MAX_SLOT_BYTES = 64 << 10;
    private static final int BUFFER_BYTES = 64 << 10;

    private final Repository repository;
    private final List<Finding> findings = new ArrayList<>();

    public RepositoryChecker(Repository repository) {
        this.repository = repository;
    }

    /** All findings; an unreachable store is thrown. */
    public List<Finding> check() {
        findings.clear();
        Iterator<ObjectInfo> objects = repository.store().list("", "");
        while (objects.hasNext()) {
            checkObject(objects.next());
        }
        for (ClusterName cluster : repository.clusters()) {
            BackupCatalog catalog = new BackupCatalog(repository, cluster);
            BackupListing listing = catalog.listing();
            for (BackupRecord backup : listing.backups()) {
                checkBackup(cluster, catalog, backup);
            }
        }
        return List.copyOf(findings);
    }

    private void checkObject(ObjectInfo info) {
        RepositoryObject object = RepositoryLayout.parse(info.key());
        Optional<Label> label =
                object instanceof RepositoryObject.OfBackup ofBackup ? Optional.of(ofBackup.label()) : Optional.empty();
        attempt(info.key(), label, () -> {
            switch (object) {
                case RepositoryObject.RepositoryFile ignored -> repository.proveReadable();
                case RepositoryObject.KeySlot ignored ->
                    KeySlots.describe(info.key(), repository.store().readAll(info.key(), MAX_SLOT_BYTES));
                case RepositoryObject.Policy ignored -> readDocument(ObjectKind.POLICY, info);
                case RepositoryObject.Incarnation incarnation ->
                    new Incarnations(repository, incarnation.cluster()).read(incarnation.incarnation());
                case RepositoryObject.Wal wal -> checkWal(wal, info);
                case RepositoryObject.WalEvent ignored -> readDocument(ObjectKind.EVENT, info);
                // A roll-up is never needed, and version 1 writes none.
                case RepositoryObject.WalIndex ignored -> {}
                case RepositoryObject.Intent ignored -> readDocument(ObjectKind.INTENT, info);
                case RepositoryObject.Alive ignored -> readDocument(ObjectKind.ALIVE, info);
                case RepositoryObject.Backup ignored -> readDocument(ObjectKind.BACKUP, info);
                case RepositoryObject.Event ignored -> readDocument(ObjectKind.EVENT, info);
                case RepositoryObject.Hold ignored -> readDocument(ObjectKind.HOLD, info);
                case RepositoryObject.Lease ignored -> readDocument(ObjectKind.LEASE, info);
                // Read through the backups that refer to them; those of a backup that runs or died are nobody's yet.
                case RepositoryObject.Manifest ignored -> {}
                case RepositoryObject.Pack ignored -> {}
                case RepositoryObject.Unknown ignored ->
                    findings.add(new Finding(
                            Finding.Kind.UNKNOWN_NAME, info.key(), label, "the name is not known to this version"));
            }
        });
    }

    private void readDocument(ObjectKind kind, ObjectInfo info) {
        repository.documents().read(kind, info.key());
    }

    private void checkWal(RepositoryObject.Wal wal, ObjectInfo info) {
        Incarnation incarnation = new Incarnations(repository, wal.cluster()).read(wal.incarnation());
        WalArchive archive = new WalArchive(repository, incarnation);
        WalObject object = new WalObject(wal.name(), wal.variant(), info.key(), info.length());
        archive.read(object, OutputStream.nullOutputStream());
        archive.readIndex(object);
    }

    private void checkBackup(ClusterName cluster, BackupCatalog catalog, BackupRecord backup) {
        Optional<Label> label = Optional.of(backup.label());
        for (PackUse pack : backup.summary().packs()) {
            requireLength(RepositoryLayout.pack(cluster, pack.label(), pack.number()), label, pack.storedBytes());
        }
        BackupSummary.ManifestReference manifest = backup.manifest();
        String manifestKey = catalog.manifestKey(backup);
        if (requireLength(manifestKey, label, manifest.storedBytes())) {
            attempt(manifestKey, label, () -> checkManifest(manifestKey, label, manifest));
        }
        attempt(RepositoryLayout.backup(cluster, backup.label()), label, () -> checkWalOf(cluster, backup));
    }

    private void checkManifest(String key, Optional<Label> label, BackupSummary.ManifestReference manifest) {
        if (!sha256(key, manifest.storedBytes()).equals(manifest.sha256())) {
            findings.add(new Finding(
                    Finding.Kind.DAMAGED, key, label, "the manifest is not the one that the summary names"));
            return;
        }
        try (ManifestReader reader =
                        ManifestReader.open(repository.store(), repository.keys(), key, manifest.storedBytes());
                PackReader packs = new PackReader(repository.store(), repository.keys())) {
            reader.files().forEachRemaining(file -> {});
            for (PackRef pack : reader.packs()) {
                attempt(pack.path(), label, () -> packs.verify(pack));
            }
        }
    }

    private String sha256(String key, long length) {
        MessageDigest digest = Digests.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream content = repository.store().read(key, 0, length)) {
            for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        } catch (IOException e) {
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "object " + key + " cannot be read", null, e);
        }
        return Bytes.of(digest.digest()).hex();
    }

    private void checkWalOf(ClusterName cluster, BackupRecord backup) {
        Incarnation incarnation = new Incarnations(repository, cluster)
                .read(backup.summary().facts().incarnation());
        WalArchive archive = new WalArchive(repository, incarnation);
        int timeline = backup.summary().timeline();
        TimelineHistory line = archive.history(timeline).orElseGet(() -> TimelineHistory.root(timeline));
        List<WalSegmentName> missing = archive.missing(
                line, backup.summary().startLsn(), backup.summary().stopLsn(), 1);
        for (WalSegmentName name : missing) {
            findings.add(new Finding(
                    Finding.Kind.WAL_GAP,
                    RepositoryLayout.walSegment(cluster, incarnation.number(), name),
                    Optional.of(backup.label()),
                    "the backup needs segment " + name + ", which is not archived"));
        }
    }

    private boolean requireLength(String key, Optional<Label> label, long expected) {
        OptionalLong length = repository.store().findLength(key);
        if (length.isPresent() && length.getAsLong() == expected) {
            return true;
        }
        String message = length.isEmpty()
                ? "the object does not exist"
                : "the object has " + length.getAsLong() + " bytes, not " + expected;
        findings.add(new Finding(Finding.Kind.MISSING, key, label, message));
        return false;
    }

    private void attempt(String key, Optional<Label> label, Runnable check) {
        try {
            check.run();
        } catch (ObjectMissingException e) {
            findings.add(new Finding(Finding.Kind.MISSING, e.key(), label, message(e)));
        } catch (PgbkException e) {
            switch (e.code()) {
                case OBJECT_DAMAGED, FORMAT_TOO_NEW, OTHER_CLUSTER, KEY_WRONG, ENCRYPTION_MISMATCH, WAL_INVALID ->
                    findings.add(new Finding(Finding.Kind.DAMAGED, key, label, message(e)));
                default -> throw e;
            }
        }
    }

    private static String message(PgbkException e) {
        String message = e.getMessage();
        return message == null ? e.code().id() : message;
    }
}
