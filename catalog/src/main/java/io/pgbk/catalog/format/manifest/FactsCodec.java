package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.postgres.Lsn;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The FACTS record: fields of a varint tag, a varint length and a value. Tags that are not known are passed over, so
 * later versions may add some.
 */
final class FactsCodec {
    private static final int LABEL = 1;
    private static final int TYPE = 2;
    private static final int PARENT = 3;
    private static final int INCARNATION = 4;
    private static final int SYSTEM_IDENTIFIER = 5;
    private static final int POSTGRES = 6;
    private static final int SIZES = 7;
    private static final int FLAGS = 8;
    private static final int START = 9;
    private static final int STOP = 10;
    private static final int BACKUP_LABEL = 11;
    private static final int TABLESPACE_MAP = 12;
    private static final int SETTING = 13;
    private static final int TABLESPACE = 14;
    private static final int CONFIGURATION_FILE = 15;
    private static final int PAGES_VERIFIED = 16;

    private static final int FLAG_CHECKSUMS = 1;
    private static final int FLAG_STANDBY = 2;

    private final String manifest;
    private final List<String> parents = new ArrayList<>();
    private final SortedMap<String, String> settings = new TreeMap<>();
    private final List<ManifestFacts.Tablespace> tablespaces = new ArrayList<>();
    private final List<ManifestFacts.ConfigurationFile> configurationFiles = new ArrayList<>();
    private String label = "";
    private String type = "";
    private int incarnation;
    private long systemIdentifier;
    private int postgresMajor;
    private int controlVersion;
    private int catalogVersion;
    private int pageBytes;
    private int walSegmentBytes;
    private int flags;
    private Position start = new Position(0, Lsn.INVALID, Instant.EPOCH);
    private Position stop = start;
    private Lsn verifiedBefore = Lsn.INVALID;
    private Bytes backupLabel = Bytes.EMPTY;
    private Optional<Bytes> tablespaceMap = Optional.empty();

    private FactsCodec(String manifest) {
        this.manifest = manifest;
    }

    /** Where and when the backup began or ended. */
    private record Position(int timeline, Lsn lsn, Instant time) {
        BinaryWriter encode() {
            return new BinaryWriter(32)
                    .u32(timeline)
                    .u64(lsn.value())
                    .u64(time.getEpochSecond())
                    .u32(time.getNano());
        }

        static Position read(BinaryReader in) {
            return new Position(in.u32(), new Lsn(in.u64()), Instant.ofEpochSecond(in.u64(), in.u32()));
        }
    }

    static void write(ManifestFacts facts, BinaryWriter out) {
        text(out, LABEL, facts.label());
        text(out, TYPE, facts.type());
        facts.parents().forEach(parent -> text(out, PARENT, parent));
        field(out, INCARNATION, new BinaryWriter(8).u32(facts.incarnation()));
        field(out, SYSTEM_IDENTIFIER, new BinaryWriter(8).u64(facts.systemIdentifier()));
        field(
                out,
                POSTGRES,
                new BinaryWriter(16)
                        .u32(facts.postgresMajor())
                        .u32(facts.controlVersion())
                        .u32(facts.catalogVersion()));
        field(out, SIZES, new BinaryWriter(8).u32(facts.pageBytes()).u32(facts.walSegmentBytes()));
        field(
                out,
                FLAGS,
                new BinaryWriter(8)
                        .u32((facts.dataChecksums() ? FLAG_CHECKSUMS : 0) | (facts.fromStandby() ? FLAG_STANDBY : 0)));
        field(out, START, new Position(facts.startTimeline(), facts.startLsn(), facts.startTime()).encode());
        field(out, STOP, new Position(facts.stopTimeline(), facts.stopLsn(), facts.stopTime()).encode());
        out.varint(BACKUP_LABEL).bytes(facts.backupLabel());
        facts.tablespaceMap().ifPresent(map -> out.varint(TABLESPACE_MAP).bytes(map));
        facts.settings()
                .forEach((name, value) ->
                        field(out, SETTING, new BinaryWriter(64).text(name).text(value)));
        for (ManifestFacts.Tablespace tablespace : facts.tablespaces()) {
            field(
                    out,
                    TABLESPACE,
                    new BinaryWriter(64)
                            .u32(tablespace.oid())
                            .u8(tablespace.inPlace() ? 1 : 0)
                            .bytes(tablespace.location()));
        }
        for (ManifestFacts.ConfigurationFile file : facts.configurationFiles()) {
            field(
                    out,
                    CONFIGURATION_FILE,
                    new BinaryWriter(256).bytes(file.path()).text(file.role()).bytes(file.content()));
        }
        Lsn verifiedBefore = facts.pageChecksums().verifiedBefore();
        if (verifiedBefore.isValid()) {
            field(out, PAGES_VERIFIED, new BinaryWriter(8).u64(verifiedBefore.value()));
        }
    }

    private static void text(BinaryWriter out, int tag, String value) {
        out.varint(tag).text(value);
    }

    private static void field(BinaryWriter out, int tag, BinaryWriter value) {
        out.varint(tag).varint(value.length()).raw(value.buffer(), 0, value.length());
    }

    static ManifestFacts read(BinaryReader in, String manifest) {
        FactsCodec codec = new FactsCodec(manifest);
        try {
            while (in.remaining() > 0) {
                codec.readField(in);
            }
            return codec.build();
        } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw Damage.of(manifest, "its facts are impossible: " + e.getMessage(), e);
        }
    }

    private void readField(BinaryReader in) {
        int tag = in.count(Integer.MAX_VALUE);
        int length = in.count(in.remaining());
        Bytes value = in.raw(length);
        BinaryReader field = new BinaryReader(value.toArray(), manifest);
        switch (tag) {
            case LABEL -> label = value.text();
            case TYPE -> type = value.text();
            case PARENT -> parents.add(value.text());
            case INCARNATION -> incarnation = field.u32();
            case SYSTEM_IDENTIFIER -> systemIdentifier = field.u64();
            case POSTGRES -> {
                postgresMajor = field.u32();
                controlVersion = field.u32();
                catalogVersion = field.u32();
            }
            case SIZES -> {
                pageBytes = field.u32();
                walSegmentBytes = field.u32();
            }
            case FLAGS -> flags = field.u32();
            case START -> start = Position.read(field);
            case STOP -> stop = Position.read(field);
            case BACKUP_LABEL -> backupLabel = value;
            case TABLESPACE_MAP -> tablespaceMap = Optional.of(value);
            case SETTING -> settings.put(field.text(), field.text());
            case TABLESPACE -> {
                int oid = field.u32();
                boolean inPlace = field.u8() != 0;
                tablespaces.add(new ManifestFacts.Tablespace(oid, field.bytes(), inPlace));
            }
            case CONFIGURATION_FILE ->
                configurationFiles.add(new ManifestFacts.ConfigurationFile(field.bytes(), field.text(), field.bytes()));
            case PAGES_VERIFIED -> verifiedBefore = new Lsn(field.u64());
            default -> {
                // Written by a later minor version.
            }
        }
    }

    private ManifestFacts build() {
        return new ManifestFacts(
                label,
                type,
                parents,
                incarnation,
                systemIdentifier,
                postgresMajor,
                controlVersion,
                catalogVersion,
                pageBytes,
                walSegmentBytes,
                new PageChecksums((flags & FLAG_CHECKSUMS) != 0, verifiedBefore),
                (flags & FLAG_STANDBY) != 0,
                start.lsn(),
                start.timeline(),
                stop.lsn(),
                stop.timeline(),
                start.time(),
                stop.time(),
                backupLabel,
                tablespaceMap,
                settings,
                tablespaces,
                configurationFiles);
    }
}
