package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeReader;
import io.pgbk.catalog.format.envelope.EnvelopeSettings;
import io.pgbk.catalog.format.envelope.EnvelopeStream;
import io.pgbk.catalog.format.envelope.EnvelopeWriter;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.envelope.FrameIndex;
import io.pgbk.catalog.format.envelope.FrameLocation;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import java.io.IOException;
import java.io.InputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Copies packs into another repository, under its keys: frame by frame, with the numbers and the raw content that they
 * have, so that a manifest needs new offsets only. Safe for use by many threads, each with buffers of its own.
 */
public final class PackCopier {
    /** Of a pack whose name may be another's: at most so many. */
    private static final int COMPARED_FRAMES = 4;

    private final Place from;
    private final Place to;
    private final Compression compression;
    private final SecureRandom random;
    private final LongConsumer progress;

    /** @param progress told the raw bytes of each frame; may throw to stop */
    public PackCopier(Place from, Place to, Compression compression, SecureRandom random, LongConsumer progress) {
        this.from = from;
        this.to = to;
        this.compression = compression;
        this.random = random;
        this.progress = progress;
    }

    /** A store and the keys of the repository in it. */
    public record Place(ObjectStore store, KeyRing keys) {}

    /**
     * A pack in the other repository.
     *
     * @param frames where its frames lie
     */
    public record Copied(PackRef pack, FrameIndex frames) {}

    /**
     * Copies a pack: every frame is authenticated, every page compared with its digest, the whole object with the
     * manifest's SHA-256 before the copy becomes visible. One that another process has stored meanwhile is not replaced,
     * but inspected.
     *
     * @param mayStore called directly before the copy becomes visible: throws when that is another's by now
     * @param buffers with room for {@link #bufferBytes}
     * @throws PgbkException OBJECT_DAMAGED naming the pack and the frame, OBJECT_MISSING
     */
    public Copied copy(PackRef source, String path, Runnable mayStore, Buffers buffers) {
        Optional<Copied> copied = copyIf(
                source,
                path,
                () -> {
                    mayStore.run();
                    return to.store().findLength(path).isEmpty();
                },
                buffers);
        return copied.orElseGet(
                () -> inspect(source, path, to.store().findLength(path).orElseThrow(() -> gone(path)), buffers));
    }

    private PgbkException gone(String path) {
        return new PgbkException(
                ErrorCode.OBJECT_MISSING,
                "object " + path + " was in " + to.store().displayName() + " just now, and is gone",
                "Find out who removes objects there, then copy again.");
    }

    /** Empty when the copy was not to become visible any more. */
    private Optional<Copied> copyIf(PackRef source, String path, BooleanSupplier still, Buffers buffers) {
        MessageDigest sha256 = Digests.sha256();
        PageDigests pages = readPageDigests(source, buffers);
        try (FrameCodec reading = FrameCodec.forReading(buffers);
                FrameCodec writing = new FrameCodec(compression, buffers)) {
            try (InputStream input =
                            new DigestInputStream(from.store().read(source.path(), 0, source.length()), sha256);
                    ObjectUpload upload = to.store().upload(path, buffers)) {
                EnvelopeStream stream = new EnvelopeStream(
                        input, source.length(), from.keys(), ObjectKind.PACK, source.path(), reading, true);
                PackReader.requireHeader(stream, source);
                EnvelopeWriter writer = new EnvelopeWriter(
                        ByteSink.of(upload),
                        to.keys(),
                        path,
                        new EnvelopeSettings(
                                ObjectKind.PACK,
                                stream.header().frameBytes(),
                                EnvelopeHeader.UNKNOWN_LENGTH,
                                Bytes.EMPTY,
                                true),
                        writing,
                        random);
                int epoch = to.keys().pageDigestEpoch();
                PageDigests digests =
                        new PageDigests(pages.pageBytes(), epoch, to.keys().pageDigestSeed(epoch));
                copyFrames(stream, pages, writer, digests, source.path());
                if (!Bytes.of(sha256.digest()).equals(source.sha256())) {
                    throw Damage.of(source.path(), "its SHA-256 is not the one in the manifest");
                }
                byte[] index = digests.encode();
                writer.finish(index, 0, index.length);
                requireSame(source, writer.index());
                if (!upload.completeIf(still)) {
                    return Optional.empty();
                }
                return Optional.of(new Copied(
                        new PackRef(
                                path,
                                writer.headerBytes(),
                                writer.length(),
                                writer.sha256(),
                                writer.index().rawLength(),
                                writer.index().count()),
                        writer.index()));
            }
        } catch (IOException e) {
            throw unreadable(from, source.path(), e);
        }
    }

    /** What copying a pack with frames of so many bytes takes of a share, the upload included. */
    public long bufferBytes(int frameBytes) {
        return FrameCodec.readingBytes(frameBytes)
                + FrameCodec.writingBytes(frameBytes)
                + to.store().uploadBufferBytes();
    }

    private PageDigests readPageDigests(PackRef source, Buffers buffers) {
        try (PackReader reader = new PackReader(from.store(), from.keys(), buffers)) {
            return reader.readPageDigests(source);
        }
    }

    private void copyFrames(
            EnvelopeStream stream, PageDigests pages, EnvelopeWriter writer, PageDigests digests, String path) {
        int run = 0;
        for (int length = stream.next(); length >= 0; length = stream.next()) {
            int frame = stream.frames().count() - 1;
            run = pages.transfer(run, frame, stream.content(), digests, path);
            // A pack ends with an empty frame; the copy gets its own.
            if (length > 0) {
                writer.write(stream.content(), 0, length);
            }
            progress.accept(length);
        }
    }

    /**
     * Reads a pack that an earlier copy wrote, from its first to its last byte, as {@link #copy} would have left it: every
     * page is compared with the source's digest of it, and what the source keeps no digests of with the source's frame.
     *
     * @throws PgbkException OBJECT_DAMAGED when it is no sound copy of the source
     */
    public Copied inspect(PackRef source, String path, long length, Buffers buffers) {
        MessageDigest sha256 = Digests.sha256();
        // One codec for both: it is never in the middle of the one when the other is read.
        try (FrameCodec codec = FrameCodec.forReading(buffers);
                InputStream input = new DigestInputStream(to.store().read(path, 0, length), sha256)) {
            EnvelopeStream stream = new EnvelopeStream(input, length, to.keys(), ObjectKind.PACK, path, codec, true);
            requireSameFrames(source, stream.header(), path);
            EnvelopeReader index = PackReader.openIndex(from.store(), from.keys(), source, codec);
            PageDigests pages = PageDigests.parse(index.kindIndex(), from.keys(), index.frames(), source.path());
            SortedMap<Integer, Bytes> undigested = new TreeMap<>();
            int run = 0;
            for (int read = stream.next(); read >= 0; read = stream.next()) {
                int frame = stream.frames().count() - 1;
                if (frame >= index.frames().count() || index.frames().get(frame).rawLength() != read) {
                    throw Damage.of(path, "its frame " + frame + " has another length than the one in the source");
                }
                if (pages.digestedBytes(run, frame) != read) {
                    undigested.put(frame, digest(stream.content(), read));
                }
                run = pages.compare(run, frame, stream.content(), path);
                progress.accept(read);
            }
            requireSame(source, stream.frames());
            compareFrames(index, undigested, path);
            PackRef pack = new PackRef(
                    path,
                    stream.header().encode(),
                    length,
                    Bytes.of(sha256.digest()),
                    stream.frames().rawLength(),
                    stream.frames().count());
            return new Copied(pack, stream.frames());
        } catch (IOException e) {
            throw unreadable(to, path, e);
        }
    }

    /** Reads frames of the source, of which the digests of the copy's are given by number. */
    private static void compareFrames(EnvelopeReader source, SortedMap<Integer, Bytes> copies, String path)
            throws IOException {
        List<FrameLocation> frames =
                copies.keySet().stream().map(source.frames()::get).toList();
        source.fetch(frames, (frame, raw) -> {
            if (!digest(raw, frame.rawLength()).equals(Objects.requireNonNull(copies.get(frame.number())))) {
                throw Damage.of(
                        path, "its frame " + frame.number() + " holds something else than the one in the source");
            }
        });
    }

    private static Bytes digest(byte[] content, int length) {
        MessageDigest sha256 = Digests.sha256();
        sha256.update(content, 0, length);
        return Bytes.of(sha256.digest());
    }

    /**
     * A pack that a listed backup of the other repository uses, under a name that stands for one content wherever it is:
     * only its index is read, and only numbers and lengths are compared. That is enough because a backup numbers its own
     * packs, its label is created once, and copies keep both; a listed backup's packs are complete.
     *
     * @throws PgbkException OBJECT_DAMAGED when it is no copy of the source
     */
    public Copied locate(PackRef source, PackRef known) {
        try (FrameCodec codec = FrameCodec.forReading()) {
            FrameIndex frames = EnvelopeReader.open(
                            to.store(), to.keys(), ObjectKind.PACK, known.path(), known.length(), codec)
                    .frames();
            requireSame(source, frames);
            return new Copied(known, frames);
        }
    }

    /**
     * As {@link #locate}, for a name that either repository may have given to something else: the lengths of all frames
     * are compared, and the content of a few, chosen at random. All of it is not read, since every copy of what is built
     * on such a pack would read it again; what two packs that differ in little would get past this is found by the digests
     * of windows, when the copy is verified or restored.
     *
     * @param buffers with room for {@link #bufferBytes}
     * @throws PgbkException OBJECT_DAMAGED when it is no copy of the source
     */
    public Copied locateCompared(PackRef source, PackRef known, Buffers buffers) {
        requireSameFrames(source, EnvelopeHeader.parse(known.header().toArray(), known.path()), known.path());
        // One codec for both: it is never in the middle of the one when the other is read.
        try (FrameCodec codec = FrameCodec.forReading(buffers)) {
            EnvelopeReader copy = PackReader.openIndex(to.store(), to.keys(), known, codec);
            EnvelopeReader original = PackReader.openIndex(from.store(), from.keys(), source, codec);
            requireSame(source, copy.frames());
            for (int frame = 0; frame < source.frames(); frame++) {
                if (copy.frames().get(frame).rawLength()
                        != original.frames().get(frame).rawLength()) {
                    throw Damage.of(
                            known.path(), "its frame " + frame + " has another length than the one in the source");
                }
            }
            SortedMap<Integer, Bytes> compared = new TreeMap<>();
            copy.fetch(
                    someOf(copy.frames()),
                    (frame, raw) -> compared.put(frame.number(), digest(raw, frame.rawLength())));
            compareFrames(original, compared, known.path());
            return new Copied(known, copy.frames());
        } catch (IOException e) {
            throw unreadable(to, known.path(), e);
        }
    }

    /** Of those that hold anything, in the order of their numbers. */
    private List<FrameLocation> someOf(FrameIndex frames) {
        List<FrameLocation> filled = IntStream.range(0, frames.count())
                .mapToObj(frames::get)
                .filter(frame -> frame.rawLength() > 0)
                .toList();
        SortedSet<Integer> chosen = new TreeSet<>();
        for (int i = 0; i < COMPARED_FRAMES && !filled.isEmpty(); i++) {
            chosen.add(random.nextInt(filled.size()));
        }
        return chosen.stream().map(filled::get).toList();
    }

    /** Before anything is allocated by it: a copy has a header of its own, but frames of the source's size. */
    private static void requireSameFrames(PackRef source, EnvelopeHeader header, String path) {
        int expected =
                EnvelopeHeader.parse(source.header().toArray(), source.path()).frameBytes();
        int found = header.frameBytes();
        if (found != expected) {
            throw Damage.of(path, "its header names frames of " + found + " bytes, not " + expected);
        }
    }

    private static void requireSame(PackRef source, FrameIndex frames) {
        if (frames.count() != source.frames() || frames.rawLength() != source.rawLength()) {
            throw Damage.of(
                    source.path(),
                    "its copy has " + frames.count() + " frames with " + frames.rawLength() + " bytes, not "
                            + source.frames() + " with " + source.rawLength());
        }
    }

    private static PgbkException unreadable(Place place, String path, IOException cause) {
        return new PgbkException(
                ErrorCode.REPOSITORY_UNREACHABLE,
                "cannot read object " + path + " from " + place.store().displayName() + ": " + cause.getMessage(),
                null,
                cause);
    }
}
