package io.pgbk.catalog.format;

import io.pgbk.catalog.format.crypto.Argon2Parameters;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.EncryptedKeyRing;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.crypto.KeySlots;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.format.wal.EncodedObject;
import io.pgbk.catalog.format.wal.WalObjectCodec;
import io.pgbk.catalog.format.wal.WalObjectInfo;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.BufferPool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The objects that docs/repository-format.md shows and that the frozen samples hold: the same bytes at every run, for
 * all that decides them (repository id, keys, salts, times) is fixed.
 */
final class FormatExamples {
    static final String LABEL = "20261121T031500Z-7k2f-full";
    static final String EVENT = "clusters/main/backups/" + LABEL + "/events/00000001";
    static final String HISTORY = "clusters/main/wal/1/00000002.history";
    static final String PACK = "clusters/main/packs/" + LABEL + "/00000001";
    static final String MANIFEST = "clusters/main/backups/" + LABEL + "/manifest/00000001";
    static final String INCARNATION = "clusters/main/incarnations/1.json";
    static final String SLOT = "keys/host-1.json";
    static final String PASSPHRASE_SLOT = "keys/people.json";
    static final String PASSPHRASE = "correct horse battery staple";
    static final byte[] EVENT_CONTENT = "{\"kind\":\"unpinned\"}".getBytes(StandardCharsets.UTF_8);
    static final byte[] HISTORY_CONTENT =
            "1\t0/3000000\tno recovery target specified\n".getBytes(StandardCharsets.UTF_8);
    static final String INCARNATION_JSON = "{\n  \"format\": 1,\n  \"cluster\": \"main\",\n  \"number\": 1\n}\n";
    static final Instant CREATED = Instant.parse("2026-11-21T03:15:00Z");

    private final KeyRing ring;
    private final Compression compression;
    private final TestRings.FixedRandom random = new TestRings.FixedRandom(42);
    private final SortedMap<String, byte[]> objects = new TreeMap<>();

    private FormatExamples(KeyRing ring, Compression compression) {
        this.ring = ring;
        this.compression = compression;
    }

    /** The key file of the examples: 0x20, 0x21, ... 0x3f. */
    static UnlockSecret.KeyFile keyFile() {
        byte[] key = new byte[32];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (0x20 + i);
        }
        return UnlockSecret.KeyFile.parse(key, Path.of("key"));
    }

    static UnlockSecret.Passphrase passphrase() {
        return new UnlockSecret.Passphrase(Secret.copyOf(PASSPHRASE.getBytes(StandardCharsets.UTF_8)), "passphrase");
    }

    /** Two 8 KiB pages, the first with a few bytes, the second zero, and a small file. */
    static byte[] pages() {
        byte[] pages = new byte[16384];
        for (int i = 0; i < 24; i++) {
            pages[i] = (byte) (i + 1);
        }
        return pages;
    }

    static byte[] version() {
        return "15\n".getBytes(StandardCharsets.UTF_8);
    }

    /** All objects by path. */
    static SortedMap<String, byte[]> objects(boolean encrypted, Compression compression) throws IOException {
        FormatExamples examples = new FormatExamples(TestRings.ring(encrypted), compression);
        examples.build();
        return examples.objects;
    }

    private void build() throws IOException {
        objects.put(INCARNATION, SealedJson.seal(ring, INCARNATION, INCARNATION_JSON));
        if (ring instanceof EncryptedKeyRing keys) {
            Argon2Parameters cost = new Argon2Parameters(8192, 1, 1);
            objects.put(SLOT, KeySlots.seal(keys, "host-1", keyFile(), cost, CREATED, random));
            objects.put(PASSPHRASE_SLOT, KeySlots.seal(keys, "people", passphrase(), cost, CREATED, random));
        }
        put(EVENT, new SmallObjectCodec(ring, random).seal(ObjectKind.EVENT, EVENT, EVENT_CONTENT));
        try (EncodedObject wal = new WalObjectCodec(
                        ring, compression, random, new BufferPool(BufferPool.DEFAULT_LIMIT_BYTES))
                .encode(HISTORY, new ByteArrayInputStream(HISTORY_CONTENT), historyInfo(), Path.of("/nonexistent"))) {
            put(HISTORY, wal);
        }
        buildBackup();
    }

    static WalObjectInfo historyInfo() {
        return new WalObjectInfo(
                "00000002.history",
                0x6F00_0000_0000_0001L,
                2,
                Lsn.INVALID,
                Lsn.INVALID,
                HISTORY_CONTENT.length,
                Bytes.of(Digests.sha256(HISTORY_CONTENT)),
                Bytes.EMPTY,
                CREATED);
    }

    private void put(String path, ObjectBody body) throws IOException {
        try (InputStream input = body.open()) {
            objects.put(path, input.readAllBytes());
        }
    }

    private void buildBackup() {
        MemoryStore store = new MemoryStore();
        PackTable table = new PackTable(_ -> PACK);
        List<FileEntry> entries = new ArrayList<>();
        try (PackWriter writer =
                new PackWriter(store, ring, table, new PackSettings(compression, 16384, 16384, 8192), random)) {
            Placement small = writer.append(version(), 0, version().length, false);
            Placement relation = writer.append(pages(), 0, 8192, true);
            writer.flush();
            entries.add(file("PG_VERSION", version(), List.of(small.extent())));
            entries.add(file("base/5/1259", pages(), List.of(relation.extent(), new Extent.Zeros(8192))));
            writer.finish();
        }
        objects.put(PACK, store.get(PACK));
        try (ObjectUpload upload = store.upload(MANIFEST);
                ManifestWriter writer = new ManifestWriter(
                        ByteSink.of(upload), ring, MANIFEST, compression, random, facts(), table.completed())) {
            entries.forEach(writer::add);
            writer.finish();
            upload.complete();
        }
        objects.put(MANIFEST, store.get(MANIFEST));
    }

    private static FileEntry file(String path, byte[] content, List<Extent> extents) {
        WindowDigester digester = new WindowDigester();
        digester.update(content, 0, content.length);
        return FileEntry.file(
                Bytes.utf8(path), 0600, 1_795_000_000_000_000L, content.length, extents, digester.finish());
    }

    static ManifestFacts facts() {
        return new ManifestFacts(
                LABEL,
                "full",
                List.of(),
                1,
                0x6F00_0000_0000_0001L,
                15,
                1300,
                202209061,
                8192,
                16 << 20,
                PageChecksums.OFF,
                false,
                Lsn.parse("0/2000028"),
                1,
                Lsn.parse("0/2000100"),
                1,
                CREATED,
                CREATED.plusSeconds(10),
                Bytes.utf8("START WAL LOCATION: 0/2000028\n"),
                Optional.empty(),
                new TreeMap<>(java.util.Map.of("wal_level", "replica")),
                List.of(),
                List.of());
    }

    /** A hex dump: offset, sixteen bytes, printable characters. */
    static String dump(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (int at = 0; at < bytes.length; at += 16) {
            out.append(String.format("%04x ", at));
            StringBuilder text = new StringBuilder();
            for (int i = at; i < at + 16; i++) {
                if (i < bytes.length) {
                    out.append(String.format(" %02x", bytes[i]));
                    text.append(bytes[i] >= 0x20 && bytes[i] < 0x7F ? (char) bytes[i] : '.');
                } else {
                    out.append("   ");
                }
            }
            out.append("  ").append(text).append('\n');
        }
        return out.toString();
    }
}
