package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.WindowDigests;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.SourceFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One file on its way into the backup, read in slices by several threads through one channel: it is opened by the first
 * slice that needs it, so a file that vanishes before is left out as a whole, and one that vanishes later is read to
 * its end.
 *
 * <p>Exactly {@link #size()} bytes are read, the length when the file was listed: what was added later is in the WAL.
 */
final class CopyFile {
    private final SourceFile source;
    private final long sliceBytes;
    private final Pieces[] pieces;
    private final WindowDigests[] digests;
    private int unread;
    private int unsealed;
    private boolean vanished;
    private @Nullable FileChannel channel;
    private @Nullable ParentFile parent;

    /**
     * A file to be copied.
     *
     * @param sliceBytes length of all slices but the last; a multiple of the digest window
     * @param parent what the parent backup has of it, null when there is nothing
     */
    CopyFile(SourceFile source, long sliceBytes, @Nullable ParentFile parent) {
        this.source = source;
        this.parent = parent;
        this.sliceBytes = sliceBytes;
        int slices = Math.toIntExact(Math.max(1, (source.size() + sliceBytes - 1) / sliceBytes));
        this.pieces = new Pieces[slices];
        this.digests = new WindowDigests[slices];
        this.unread = slices;
        this.unsealed = slices;
    }

    SourceFile source() {
        return source;
    }

    /** The bytes that the backup will hold. */
    long size() {
        return source.size();
    }

    int slices() {
        return digests.length;
    }

    long sliceOffset(int slice) {
        return slice * sliceBytes;
    }

    int sliceLength(int slice) {
        return Math.toIntExact(Math.min(sliceBytes, source.size() - sliceOffset(slice)));
    }

    /**
     * The open file; empty when it vanished before anything of it was read. Stays open until {@link #sliceRead} was
     * called for every slice.
     *
     * @throws PgbkException POSTGRES_UNSUITABLE when it cannot be opened
     */
    synchronized Optional<FileChannel> open() {
        if (vanished) {
            return Optional.empty();
        }
        FileChannel open = channel;
        if (open == null) {
            try {
                open = FileChannel.open(source.file(), StandardOpenOption.READ);
            } catch (NoSuchFileException e) {
                vanished = true;
                return Optional.empty();
            } catch (IOException e) {
                throw new PgbkException(
                        ErrorCode.POSTGRES_UNSUITABLE,
                        "'" + source.path() + "' cannot be read: " + e.getMessage(),
                        "Run pgbk as the operating system user that owns the data directory.",
                        e);
            }
            channel = open;
        }
        return Optional.of(open);
    }

    /** What the parent backup has of the file, as long as a slice is to be read. */
    synchronized Optional<ParentFile> parent() {
        return Optional.ofNullable(parent);
    }

    /** A slice needs the channel no longer; the last one closes it. */
    synchronized void sliceRead() throws IOException {
        unread--;
        FileChannel open = channel;
        if (unread == 0) {
            parent = null; // may be big
            channel = null;
            if (open != null) {
                open.close();
            }
        }
    }

    /**
     * A slice is in its pack and all its places are known.
     *
     * @return the manifest's entry when this was the last slice
     */
    synchronized Optional<FileEntry> sliceSealed(int slice, Pieces places, WindowDigests windows) {
        pieces[slice] = places;
        digests[slice] = windows;
        unsealed--;
        return unsealed == 0 ? Optional.of(entry()) : Optional.empty();
    }

    private FileEntry entry() {
        WindowDigests all = digests.length == 1 ? digests[0] : WindowDigests.concatenate(Arrays.asList(digests));
        return entryOf(source, Pieces.extents(Arrays.asList(pieces)), all);
    }

    /** The manifest's entry of a file with this content. */
    static FileEntry entryOf(SourceFile source, List<Extent> extents, WindowDigests windows) {
        return FileEntry.file(
                Bytes.of(source.path().bytes()),
                source.mode(),
                source.modified().to(TimeUnit.MICROSECONDS),
                source.size(),
                extents,
                windows);
    }
}
