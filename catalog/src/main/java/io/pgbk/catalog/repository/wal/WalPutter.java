package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.wal.EncodedObject;
import io.pgbk.catalog.format.wal.WalObjectHeader;
import io.pgbk.catalog.format.wal.WalObjectInfo;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Puts files into an archive without ever overwriting one. */
final class WalPutter {
    private static final String RESOLVE_FIRST = "kept as it was until the other one is stored";

    private final WalFiles files;
    private final WalNameEvents events;
    private final WalDelivery delivery;
    private final SegmentComparison comparison;

    WalPutter(WalFiles files, WalNameEvents events, WalDelivery delivery) {
        this.files = files;
        this.events = events;
        this.delivery = delivery;
        this.comparison = new SegmentComparison(files);
    }

    PutWalOutcome put(WalUpload upload) {
        requireOurs(upload);
        return switch (upload.name()) {
            case WalFileName.Segment segment -> putSegment(segment, upload);
            case WalFileName.Partial partial -> putPartial(partial, upload);
            case WalFileName.BackupHistory backup -> putBackupHistory(backup, upload);
            case WalFileName.History history -> putHistory(history, upload);
        };
    }

    private PutWalOutcome putSegment(WalFileName.Segment name, WalUpload upload) {
        String key = files.key(name, "");
        OptionalLong stored = create(key, upload);
        if (stored.isPresent()) {
            return new PutWalOutcome.Stored(key, stored.getAsLong());
        }
        List<WalObject> variants = files.variants(name);
        Optional<WalObject> same = findSame(variants, upload);
        if (same.isPresent()) {
            ensureEvent(name.name(), same.get().variant());
            return new PutWalOutcome.AlreadyIdentical(same.get().key());
        }
        WalObject delivered = delivery.choose(name, variants)
                .orElseThrow(() ->
                        new PgbkException(ErrorCode.OBJECT_MISSING, "object " + key + " exists, but is in no listing"));
        return switch (comparison.compare(name.name(), delivered, upload)) {
            case SegmentComparison.Relation.Same ignored -> new PutWalOutcome.AlreadyIdentical(delivered.key());
            case SegmentComparison.Relation.NewIsLonger ignored -> keepBeside(name, upload, true, "its records go on");
            case SegmentComparison.Relation.NewIsNotLonger ignored ->
                keepBeside(name, upload, false, "its records are the beginning of the archived one's");
            case SegmentComparison.Relation.Diverging diverging -> conflict(upload, delivered, diverging.reason());
        };
    }

    private PutWalOutcome keepBeside(WalFileName.Segment name, WalUpload upload, boolean longer, String reason) {
        String variant = files.variantOf(upload.content().sha256());
        String key = files.key(name, variant);
        OptionalLong stored = create(key, upload);
        if (stored.isEmpty()) {
            return sameOrConflict(key, upload);
        }
        events.append(name.name(), WalNameEvents.KEPT_BESIDE, variant, reason);
        return new PutWalOutcome.KeptBeside(key, longer, stored.getAsLong());
    }

    private PutWalOutcome putPartial(WalFileName.Partial name, WalUpload upload) {
        String key = files.key(name, files.variantOf(upload.content().sha256()));
        OptionalLong stored = create(key, upload);
        return stored.isPresent() ? new PutWalOutcome.Stored(key, stored.getAsLong()) : sameOrConflict(key, upload);
    }

    private PutWalOutcome putBackupHistory(WalFileName.BackupHistory name, WalUpload upload) {
        String key = files.key(name, "");
        OptionalLong stored = create(key, upload);
        if (stored.isPresent()) {
            return new PutWalOutcome.Stored(key, stored.getAsLong());
        }
        Optional<WalObject> same = findSame(files.variants(name), upload);
        if (same.isPresent()) {
            return new PutWalOutcome.AlreadyIdentical(same.get().key());
        }
        // A note about a backup, needed by nobody: two of them must not stop a server's archiving.
        String beside = files.key(name, files.variantOf(upload.content().sha256()));
        OptionalLong storedBeside = create(beside, upload);
        return storedBeside.isPresent()
                ? new PutWalOutcome.KeptBeside(beside, false, storedBeside.getAsLong())
                : sameOrConflict(beside, upload);
    }

    private PutWalOutcome putHistory(WalFileName.History name, WalUpload upload) {
        String key = files.key(name, "");
        OptionalLong stored = create(key, upload);
        if (stored.isPresent()) {
            return new PutWalOutcome.Stored(key, stored.getAsLong());
        }
        WalObject archived = new WalObject(name, "", key, 0);
        if (isSame(archived, upload)) {
            return new PutWalOutcome.AlreadyIdentical(key);
        }
        WalObjectHeader header = files.header(archived);
        return new PutWalOutcome.HistoryConflict(name, header.compareDigest().hex(), digest(header, upload));
    }

    PutWalOutcome putResolved(WalFileName.Segment name, WalUpload upload, boolean deliverNew, String reason) {
        requireOurs(upload);
        List<WalObject> variants = files.variants(name);
        Optional<WalObject> delivered = delivery.choose(name, variants);
        if (delivered.isEmpty()) {
            return putSegment(name, upload);
        }
        // Whatever happens next, what is delivered does not change before the new one is there.
        events.append(
                name.name(), WalNameEvents.RESOLVED, delivered.get().variant(), deliverNew ? RESOLVE_FIRST : reason);
        PutWalOutcome outcome = findSame(variants, upload)
                .<PutWalOutcome>map(same -> new PutWalOutcome.AlreadyIdentical(same.key()))
                .orElseGet(() -> keepBeside(name, upload, deliverNew, reason));
        String key = switch (outcome) {
            case PutWalOutcome.AlreadyIdentical same -> same.key();
            case PutWalOutcome.KeptBeside beside -> beside.key();
            case PutWalOutcome.Stored stored -> stored.key();
            case PutWalOutcome.Conflict ignored -> "";
            case PutWalOutcome.HistoryConflict ignored -> "";
        };
        if (deliverNew && !key.isEmpty()) {
            String variant = key.equals(files.key(name, ""))
                    ? ""
                    : files.variantOf(upload.content().sha256());
            events.append(name.name(), WalNameEvents.RESOLVED, variant, reason);
        }
        return outcome;
    }

    /** A push that died between the file and its event is completed by the next one. */
    private void ensureEvent(WalSegmentName name, String variant) {
        boolean recorded = variant.isEmpty()
                || events.list(name).stream().anyMatch(event -> event.variant().equals(variant));
        if (!recorded) {
            events.append(name, WalNameEvents.KEPT_BESIDE, variant, "kept by an earlier push");
        }
    }

    private Optional<WalObject> findSame(List<WalObject> variants, WalUpload upload) {
        return variants.stream().filter(object -> isSame(object, upload)).findFirst();
    }

    private PutWalOutcome sameOrConflict(String key, WalUpload upload) {
        WalObject archived = new WalObject(upload.name(), "", key, 0);
        return isSame(archived, upload)
                ? new PutWalOutcome.AlreadyIdentical(key)
                : conflict(upload, archived, "both have the name " + key);
    }

    private PutWalOutcome.Conflict conflict(WalUpload upload, WalObject archived, String reason) {
        WalObjectHeader header = files.header(archived);
        return new PutWalOutcome.Conflict(upload.name(), header.compareDigest().hex(), digest(header, upload), reason);
    }

    private String digest(WalObjectHeader header, WalUpload upload) {
        return files.repository()
                .keys()
                .compareDigest(header.keyEpoch(), Bytes.of(upload.content().sha256()))
                .hex();
    }

    private boolean isSame(WalObject object, WalUpload upload) {
        return files.codec()
                .isSame(
                        files.header(object),
                        upload.content().length(),
                        Bytes.of(upload.content().sha256()));
    }

    /** Creates the object exclusively; returns its length, or empty when the key is taken. */
    private OptionalLong create(String key, WalUpload upload) {
        try (InputStream raw = upload.content().open();
                EncodedObject encoded = files.codec()
                        .encode(
                                key,
                                raw,
                                info(upload),
                                files.repository().runtime().temporaryDirectory(),
                                !upload.content().isFixed())) {
            return files.repository().store().create(key, encoded) == CreateOutcome.CREATED
                    ? OptionalLong.of(encoded.length())
                    : OptionalLong.empty();
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.WAL_INVALID, upload.name() + " could not be read: " + e.getMessage(), null, e);
        }
    }

    private WalObjectInfo info(WalUpload upload) {
        Incarnation incarnation = files.incarnation();
        Lsn start = Lsn.INVALID;
        Lsn end = Lsn.INVALID;
        if (upload.name() instanceof WalFileName.Segment segment) {
            start = segment.name().startLsn(incarnation.segmentSize());
            end = segment.name().endLsn(incarnation.segmentSize());
        }
        return new WalObjectInfo(
                upload.name().toString(),
                upload.systemIdentifier(),
                upload.name().timeline(),
                start,
                end,
                upload.content().length(),
                Bytes.of(upload.content().sha256()),
                upload.index().map(WalSegmentIndex::toBytes).map(Bytes::of).orElse(Bytes.EMPTY),
                files.repository().runtime().clock().instant());
    }

    private void requireOurs(WalUpload upload) {
        Incarnation incarnation = files.incarnation();
        if (upload.systemIdentifier() != incarnation.identity().systemIdentifier()) {
            throw new PgbkException(
                    ErrorCode.OTHER_CLUSTER,
                    upload.name() + " is of the cluster with system identifier "
                            + Long.toUnsignedString(upload.systemIdentifier()) + ", and cluster "
                            + incarnation.cluster() + " in "
                            + files.repository().displayName() + " has "
                            + incarnation.identity().systemIdentifierText(),
                    "Give each cluster a name of its own; after pg_upgrade run `pgbk init --upgrade`.");
        }
        if (upload.name() instanceof WalFileName.Segment
                && upload.content().length() != incarnation.segmentSize().bytes()) {
            throw new PgbkException(
                    ErrorCode.OTHER_CLUSTER,
                    upload.name() + " has " + upload.content().length() + " bytes, and segments of cluster "
                            + incarnation.cluster() + " have "
                            + incarnation.segmentSize().bytes());
        }
    }
}
