package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.envelope.FrameFetcher;
import io.pgbk.catalog.format.envelope.FrameIndex;
import io.pgbk.catalog.format.envelope.FrameLocation;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;

/** Fetches parts of a manifest, several neighbours with one request, and walks over their records. */
final class PartReader {
    /** Raw bytes that are fetched ahead, more only for a single larger part. */
    private static final long AHEAD_BYTES = 8L * 1024 * 1024;

    private final ObjectStore store;
    private final KeyRing ring;
    private final String path;
    private final Bytes headerBytes;
    private final FrameIndex frames;

    PartReader(ObjectStore store, KeyRing ring, String path, Bytes headerBytes, FrameIndex frames) {
        this.store = store;
        this.ring = ring;
        this.path = path;
        this.headerBytes = headerBytes;
        this.frames = frames;
    }

    private long rawLength(ManifestIndex.Part part) {
        long length = 0;
        for (int i = 0; i < part.frames(); i++) {
            length += frames.get(part.firstFrame() + i).rawLength();
        }
        if (length > ManifestWriter.MAX_PART_BYTES) {
            throw Damage.of(path, "its index has a part of " + length + " bytes");
        }
        return length;
    }

    /** The raw content of the parts. */
    private List<byte[]> fetch(List<ManifestIndex.Part> parts) {
        List<byte[]> contents = new ArrayList<>();
        try (FrameCodec codec = FrameCodec.forReading()) {
            FrameFetcher fetcher = new FrameFetcher(store, ring, ObjectKind.MANIFEST, path, headerBytes, codec);
            List<FrameLocation> locations = new ArrayList<>();
            List<Target> targets = new ArrayList<>();
            for (ManifestIndex.Part part : parts) {
                byte[] content = new byte[Math.toIntExact(rawLength(part))];
                contents.add(content);
                int at = 0;
                for (int i = 0; i < part.frames(); i++) {
                    FrameLocation location = frames.get(part.firstFrame() + i);
                    locations.add(location);
                    targets.add(new Target(content, at));
                    at += location.rawLength();
                }
            }
            Iterator<Target> next = targets.iterator();
            fetcher.fetch(locations, (frame, raw) -> {
                Target target = next.next();
                System.arraycopy(raw, 0, target.content, target.offset, frame.rawLength());
            });
            return contents;
        } catch (IOException e) {
            throw new PgbkException(ErrorCode.INTERNAL, "copying in memory failed", null, e);
        }
    }

    private static final class Target {
        private final byte[] content;
        private final int offset;

        Target(byte[] content, int offset) {
            this.content = content;
            this.offset = offset;
        }
    }

    /** The records of the parts, decoded one by one; parts are fetched while the iterator moves. */
    <T> Iterator<T> records(List<ManifestIndex.Part> parts, Function<BinaryReader, T> decoder) {
        return new Iterator<>() {
            private int nextPart;
            private int firstFetched;
            private List<byte[]> fetched = List.of();
            private BinaryReader current = new BinaryReader(new byte[0], path);
            private int left;

            @Override
            public boolean hasNext() {
                return left > 0 || nextPart < parts.size();
            }

            @Override
            public T next() {
                if (left == 0) {
                    advance();
                }
                int length = current.count(current.remaining());
                T result = decoder.apply(current.slice(length));
                left--;
                if (left == 0) {
                    current.expectEnd();
                }
                return result;
            }

            private void advance() {
                if (nextPart == parts.size()) {
                    throw new NoSuchElementException();
                }
                if (nextPart == firstFetched + fetched.size()) {
                    int end = nextPart + 1;
                    long bytes = rawLength(parts.get(nextPart));
                    while (end < parts.size() && bytes + rawLength(parts.get(end)) <= AHEAD_BYTES) {
                        bytes += rawLength(parts.get(end));
                        end++;
                    }
                    firstFetched = nextPart;
                    fetched = fetch(parts.subList(nextPart, end));
                }
                current = new BinaryReader(fetched.get(nextPart - firstFetched), path);
                left = parts.get(nextPart).records();
                nextPart++;
            }
        };
    }
}
