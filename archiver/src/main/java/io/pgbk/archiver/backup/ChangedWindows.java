package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PageChecksum;
import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.postgres.server.WalSummaries;
import io.pgbk.task.ScratchFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which windows of which relations may have changed, kept in a temporary file: first written in the order of the paths,
 * then read once or several times in the same order, side by side with the walk over the data directory. Only the file in
 * question is in memory: one bit for each of its windows.
 */
final class ChangedWindows implements WalSummaries.ChangeVisitor, AutoCloseable {
    /** Pages that are judged together. */
    static final int WINDOW_PAGES = FormatLimits.WINDOW_BYTES / PageChecksum.PAGE_BYTES;

    private static final long NO_LIMIT = -1;
    private static final String WHOLE_DIRECTORY = "0";
    private static final String END = "";

    private final int segmentPages;
    private final ScratchFile file;
    private final DataOutputStream output;
    private @Nullable String path;
    private long limit = NO_LIMIT;
    private BitSet windows = new BitSet();

    /**
     * An empty list.
     *
     * @param segmentPages pages of one file of a big relation
     */
    ChangedWindows(Path temporaryDirectory, int segmentPages) {
        this.segmentPages = segmentPages;
        try {
            file = ScratchFile.create(temporaryDirectory);
        } catch (IOException e) {
            throw noSpace(e);
        }
        output = new DataOutputStream(new BufferedOutputStream(file.output(), 1 << 16));
    }

    @Override
    public void limit(String of, long block) {
        begin(of);
        if (limit == NO_LIMIT) { // the lowest comes first
            limit = block;
        }
    }

    @Override
    public void window(String of, int window) {
        begin(of);
        windows.set(window);
    }

    private void begin(String next) {
        if (next.equals(path)) {
            return;
        }
        if (path != null && path.compareTo(next) >= 0) {
            throw new IllegalStateException(next + " comes after " + path);
        }
        write();
        path = next;
        limit = NO_LIMIT;
        windows = new BitSet();
    }

    private void write() {
        if (path == null) {
            return;
        }
        try {
            output.writeUTF(path);
            output.writeLong(limit);
            long[] words = windows.toLongArray();
            output.writeInt(words.length);
            for (long word : words) {
                output.writeLong(word);
            }
        } catch (IOException e) {
            throw noSpace(e);
        }
    }

    /** The list is complete. */
    void finish() {
        write();
        path = null;
        try {
            output.writeUTF(END);
            output.flush();
        } catch (IOException e) {
            throw noSpace(e);
        }
    }

    private static PgbkException noSpace(IOException e) {
        return new PgbkException(
                ErrorCode.NO_SPACE,
                "the list of changed blocks cannot be kept in a temporary file: " + e.getMessage(),
                "Make room in the temporary directory.",
                e);
    }

    /** Reads from the beginning; for one thread. */
    Reader read() {
        return new Reader();
    }

    /** Answers questions in ascending order of the paths. */
    final class Reader {
        private final DataInputStream input = new DataInputStream(new BufferedInputStream(file.input(), 1 << 16));
        private String next = END;
        private long nextLimit;
        private BitSet nextWindows = new BitSet();
        private String lastAsked = END;
        private String wholeDirectory = END;
        private String limited = END;
        private long limitOfIt;

        private Reader() {
            advance();
        }

        /**
         * The windows of a file that may have changed; empty when all may have: it is no relation's main fork, was
         * created or truncated, or is asked for out of order.
         */
        Optional<BitSet> changed(SourceFile source) {
            RelationFile relation = source.relation();
            String asked = source.path().characters();
            if (relation == null
                    || relation.fork() != RelationFile.Fork.MAIN
                    || source.size() % PageChecksum.PAGE_BYTES != 0
                    || asked.compareTo(lastAsked) <= 0) {
                return Optional.empty();
            }
            lastAsked = asked;
            BitSet changed = new BitSet();
            while (!next.equals(END) && next.compareTo(asked) <= 0) {
                if (next.equals(asked)) {
                    changed = nextWindows;
                }
                noteLimit();
                advance();
            }
            String directory = directory(asked);
            if (directory.equals(wholeDirectory)) {
                return Optional.empty();
            }
            String first = directory + Integer.toUnsignedString(relation.relfilenode());
            if (first.equals(limited)) {
                long begin = (long) relation.segment() * segmentPages;
                if (limitOfIt <= begin) {
                    return Optional.empty();
                }
                if (limitOfIt < begin + segmentPages) {
                    changed.set(
                            (int) ((limitOfIt - begin) / WINDOW_PAGES),
                            (segmentPages + WINDOW_PAGES - 1) / WINDOW_PAGES);
                }
            }
            return Optional.of(changed);
        }

        private void noteLimit() {
            if (nextLimit == NO_LIMIT) {
                return;
            }
            String directory = directory(next);
            if (next.length() == directory.length() + 1 && next.endsWith(WHOLE_DIRECTORY)) {
                wholeDirectory = directory;
            } else {
                limited = next;
                limitOfIt = nextLimit;
            }
        }

        private static String directory(String of) {
            return of.substring(0, of.lastIndexOf('/') + 1);
        }

        private void advance() {
            try {
                next = input.readUTF();
                if (!next.equals(END)) {
                    nextLimit = input.readLong();
                    long[] words = new long[input.readInt()];
                    for (int i = 0; i < words.length; i++) {
                        words[i] = input.readLong();
                    }
                    nextWindows = BitSet.valueOf(words);
                }
            } catch (IOException e) {
                throw new PgbkException(
                        ErrorCode.INTERNAL, "the list of changed blocks cannot be read: " + e.getMessage(), null, e);
            }
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            // It has no name, so nothing stays.
        }
    }
}
