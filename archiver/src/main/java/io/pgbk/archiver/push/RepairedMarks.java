package io.pgbk.archiver.push;

import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the processes that PostgreSQL starts one after the other tell each other about repositories that are filled later:
 * which segment one missed first, and when it last failed. They are hints that save time: without them, or when they are
 * wrong, every repository is asked each time, and {@code wal backfill} finds what is missing. So nothing here ever fails.
 */
public final class RepairedMarks {
    /** How long a repository that failed is left alone, so that a store that hangs costs PostgreSQL little. */
    static final Duration REST = Duration.ofSeconds(30);

    private static final int MAX_BYTES = 64;

    private final @Nullable Path directory;
    private final InstantSource clock;

    private RepairedMarks(@Nullable Path directory, InstantSource clock) {
        this.directory = directory;
        this.clock = clock;
    }

    /** No memory. */
    public static RepairedMarks none() {
        return new RepairedMarks(null, InstantSource.system());
    }

    /**
     * Marks in the spool directory; none when that does not exist or cannot be written.
     *
     * @param dataDirectory the server's, absolute: each has marks of its own
     */
    public static RepairedMarks in(Path spoolDirectory, Path dataDirectory, InstantSource clock) {
        Path own = spoolDirectory
                .resolve(dataDirectory.normalize().toString().replace('/', '_'))
                .resolve("repaired");
        return new RepairedMarks(Files.isDirectory(spoolDirectory) ? own : null, clock);
    }

    /** Whether it failed a moment ago and is not to be asked again yet. */
    boolean isResting(String repository) {
        Path mark = file(repository, "failed");
        if (mark == null) {
            return false;
        }
        try {
            Duration age = Duration.between(Files.getLastModifiedTime(mark).toInstant(), clock.instant());
            // A time in the future is a clock that was set back.
            return !age.isNegative() && age.compareTo(REST) < 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** It did not answer, or not in time. */
    void failed(String repository) {
        Path mark = file(repository, "failed");
        if (mark != null) {
            write(mark, "");
            try {
                Instant now = clock.instant();
                Files.setLastModifiedTime(mark, java.nio.file.attribute.FileTime.from(now));
            } catch (IOException e) {
                // Then it is asked again.
            }
        }
    }

    /** It did not get a segment. */
    void missed(String repository, WalSegmentName name, WalSegmentSize size) {
        Path mark = file(repository, "behind");
        Optional<WalSegmentName> known = behind(repository, size);
        if (mark != null
                && (known.isEmpty() || name.startLsn(size).isBefore(known.get().startLsn(size)))) {
            write(mark, name.toString());
        }
    }

    /** The first segment that it is known to have missed. */
    Optional<WalSegmentName> behind(String repository, WalSegmentSize size) {
        Path mark = file(repository, "behind");
        if (mark == null) {
            return Optional.empty();
        }
        try (InputStream input = Files.newInputStream(mark)) {
            return WalSegmentName.tryParse(new String(input.readNBytes(MAX_BYTES), StandardCharsets.US_ASCII))
                    .filter(name -> name.isPossibleWith(size));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** It has everything up to this segment now; empty when nothing more is known to be missing. */
    void filledUpTo(String repository, Optional<WalSegmentName> missing) {
        Path mark = file(repository, "behind");
        if (mark == null) {
            return;
        }
        if (missing.isPresent()) {
            write(mark, missing.get().toString());
        } else {
            delete(mark);
        }
    }

    private @Nullable Path file(String repository, String kind) {
        return directory == null
                ? null
                : directory.resolve(URLEncoder.encode(repository, StandardCharsets.UTF_8) + "." + kind);
    }

    private static void write(Path mark, String content) {
        Path temporary = mark.resolveSibling(
                mark.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
        try {
            Files.createDirectories(mark.getParent());
            Files.writeString(temporary, content, StandardCharsets.US_ASCII);
            Files.move(temporary, mark, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            delete(temporary);
        }
    }

    private static void delete(Path mark) {
        try {
            Files.deleteIfExists(mark);
        } catch (IOException e) {
            // A hint that is wrong costs a listing.
        }
    }
}
