package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.ScratchFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Brings entries that finish in any order into the order of their paths, in bounded memory: beyond the limit sorted runs
 * go to temporary files without a name. Safe for use by many threads while adding.
 */
public final class EntrySorter implements AutoCloseable {
    /** What an entry costs beside its bytes. */
    private static final int OVERHEAD_BYTES = 120;

    private final Path temporaryDirectory;
    private final long memoryBytes;
    private final BinaryWriter encoder = new BinaryWriter(4096);
    private final List<ScratchFile> runs = new ArrayList<>();
    private List<Encoded> held = new ArrayList<>();
    private long heldBytes;
    private boolean sorted;

    /**
     * A sorter.
     *
     * @param temporaryDirectory where runs go when the limit is reached
     * @param memoryBytes encoded entries kept in memory
     */
    public EntrySorter(Path temporaryDirectory, long memoryBytes) {
        this.temporaryDirectory = temporaryDirectory;
        this.memoryBytes = memoryBytes;
    }

    private static final class Encoded {
        private final Bytes path;
        private final byte[] content;

        Encoded(Bytes path, byte[] content) {
            this.path = path;
            this.content = content;
        }

        Bytes path() {
            return path;
        }

        FileEntry decode() {
            return FileEntryCodec.read(
                    new BinaryReader(content, "(temporary file)"), Integer.MAX_VALUE, "(temporary file)");
        }
    }

    /**
     * Takes an entry.
     *
     * @throws PgbkException NO_SPACE when a run cannot be written
     */
    public synchronized void add(FileEntry entry) {
        if (sorted) {
            throw new IllegalStateException("the entries were sorted already");
        }
        encoder.clear();
        FileEntryCodec.write(entry, encoder);
        held.add(new Encoded(entry.path(), encoder.toArray()));
        heldBytes += encoder.length() + entry.path().length() + OVERHEAD_BYTES;
        if (heldBytes > memoryBytes) {
            spill();
        }
    }

    private void spill() {
        held.sort(Comparator.comparing(Encoded::path));
        try {
            ScratchFile run = ScratchFile.create(temporaryDirectory);
            runs.add(run);
            try (DataOutputStream output = new DataOutputStream(new BufferedOutputStream(run.output(), 1 << 16))) {
                for (Encoded entry : held) {
                    output.writeInt(entry.path.length());
                    output.write(entry.path.toArray());
                    output.writeInt(entry.content.length);
                    output.write(entry.content);
                }
            }
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.NO_SPACE,
                    "cannot write a temporary file in " + temporaryDirectory + ": " + e.getMessage(),
                    "Make room there or name another spool directory.",
                    e);
        }
        held = new ArrayList<>();
        heldBytes = 0;
    }

    /** How many sorted runs had to leave the memory. */
    synchronized int runs() {
        return runs.size();
    }

    /**
     * All entries in order; nothing may be added afterwards.
     *
     * @throws IllegalStateException while iterating, when two entries have one path
     */
    public synchronized Iterator<FileEntry> sorted() {
        if (sorted) {
            throw new IllegalStateException("the entries were sorted already");
        }
        sorted = true;
        held.sort(Comparator.comparing(Encoded::path));
        List<Iterator<Encoded>> sources = new ArrayList<>();
        sources.add(held.iterator());
        for (ScratchFile run : runs) {
            sources.add(new RunIterator(new DataInputStream(new BufferedInputStream(run.input(), 1 << 16))));
        }
        return new Merge(sources);
    }

    private static PgbkException unreadable(IOException cause) {
        return new PgbkException(
                ErrorCode.INTERNAL, "cannot read a temporary file: " + cause.getMessage(), null, cause);
    }

    private static final class RunIterator implements Iterator<Encoded> {
        private final DataInputStream input;
        private @Nullable Encoded following;

        RunIterator(DataInputStream input) {
            this.input = input;
            this.following = read();
        }

        private @Nullable Encoded read() {
            try {
                int pathLength;
                try {
                    pathLength = input.readInt();
                } catch (EOFException e) {
                    return null;
                }
                Bytes path = Bytes.of(input.readNBytes(pathLength));
                return new Encoded(path, input.readNBytes(input.readInt()));
            } catch (IOException e) {
                throw unreadable(e);
            }
        }

        @Override
        public boolean hasNext() {
            return following != null;
        }

        @Override
        public Encoded next() {
            Encoded result = following;
            if (result == null) {
                throw new NoSuchElementException();
            }
            following = read();
            return result;
        }
    }

    private static final class Merge implements Iterator<FileEntry> {
        private final PriorityQueue<Head> heads = new PriorityQueue<>(Comparator.comparing(Head::path));
        private @Nullable Bytes last;

        Merge(List<Iterator<Encoded>> sources) {
            for (Iterator<Encoded> source : sources) {
                push(source);
            }
        }

        private record Head(Encoded entry, Iterator<Encoded> source) {
            Bytes path() {
                return entry.path;
            }
        }

        private void push(Iterator<Encoded> source) {
            if (source.hasNext()) {
                heads.add(new Head(source.next(), source));
            }
        }

        @Override
        public boolean hasNext() {
            return !heads.isEmpty();
        }

        @Override
        public FileEntry next() {
            Head head = heads.remove();
            push(head.source());
            if (last != null && last.equals(head.path())) {
                throw new IllegalStateException(
                        "two entries have the path " + head.path().text());
            }
            last = head.path();
            return head.entry().decode();
        }
    }

    /** Gives the room of the temporary files back. */
    @Override
    public synchronized void close() {
        for (ScratchFile run : runs) {
            try {
                run.close();
            } catch (IOException e) {
                // It was only read since it was written: nothing is lost.
            }
        }
        runs.clear();
    }
}
