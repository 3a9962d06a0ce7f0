package io.pgbk.archiver.push;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.archiver.TestRepository;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which files archive-push takes, from real servers; what does not fit its name, the cluster or its end is refused. */
final class PushedFileTest extends PushSite {
    @Test
    void incompleteSegmentIsRefusedWhenTheServerAlreadyWritesTheNextOne() throws IOException {
        change(wal(data, first), content -> Arrays.fill(content, 16384, content.length, (byte) 0));

        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, first), first.toString());
        assertNothingStored();
    }

    @Test
    void segmentOfAnotherClusterIsRefusedNamingBothSystemIdentifiers() throws IOException {
        Path other = copyOf("other-cluster");
        WalSegmentName name = anySegment(other);

        assertRefused(ErrorCode.OTHER_CLUSTER, () -> push(other, name), "system identifier");

        Files.copy(wal(other, name), wal(data, name), StandardCopyOption.REPLACE_EXISTING);
        assertRefused(ErrorCode.OTHER_CLUSTER, () -> push(data, name), "system identifier");
        assertNothingStored();
    }

    private static WalSegmentName anySegment(Path dataDirectory) throws IOException {
        try (var files = Files.list(dataDirectory.resolve("pg_wal"))) {
            return files.map(file -> WalSegmentName.tryParse(file.getFileName().toString()))
                    .flatMap(Optional::stream)
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void segmentOfAnotherMajorVersionIsRefusedNamingBoth() throws IOException {
        Path other = copyOf("other-version");
        WalSegmentName name = anySegment(other);
        Files.copy(wal(other, name), wal(data, name), StandardCopyOption.REPLACE_EXISTING);

        assertRefused(ErrorCode.OTHER_CLUSTER, () -> push(data, name), "PostgreSQL 16", "15");
        assertNothingStored();
    }

    @Test
    void segmentOfAWrongSizeIsRefusedNamingBothSizes() throws IOException {
        Path large = copyOf("large");
        WalSegmentName name = anySegment(large);
        Files.copy(wal(large, name), wal(data, name), StandardCopyOption.REPLACE_EXISTING);

        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "67108864", "1048576");
        assertNothingStored();
    }

    @Test
    void segmentsOf64MiBAreArchivedWithoutBeingKeptInMemory() throws IOException {
        Path large = copyOf("large");
        WalSegmentName name = anySegment(large);
        try (TestRepository other = TestRepository.of(directory.resolve("large-repository"), large)) {
            push(large, name, TaskMonitor.SILENT, new PushTarget("large", true, other::cluster));

            assertThat(archived(other, new WalFileName.Segment(name))).isEqualTo(Files.readAllBytes(wal(large, name)));
        }
    }

    @Test
    void pageAddressesThatDoNotMatchTheNameAreRefused() throws IOException {
        byte[] sound = Files.readAllBytes(wal(data, first));
        change(wal(data, first), content -> content[5 * 8192 + 9] ^= 1);
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, first), "address");

        WalSegmentName wrong = first.next(SIZE);
        Files.write(wal(data, wrong), sound);
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, wrong), wrong.toString(), "address");
        assertNothingStored();
    }

    @Test
    void fileThatIsRecycledWhileItIsReadIsRefused() throws IOException {
        Path file = wal(data, first);
        try (PushedFile pushed = PushedFile.open("pg_wal/" + first, data, null)) {
            pushed.requireUnchanged();

            Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(1));
            assertRefused(ErrorCode.WAL_INVALID, pushed::requireUnchanged, "changed while it was read");

            Files.move(file, wal(data, "0000000100000000000000EE"));
            assertRefused(ErrorCode.WAL_INVALID, pushed::requireUnchanged, "vanished while it was read");

            Files.copy(wal(data, first.next(SIZE)), file);
            assertRefused(ErrorCode.WAL_INVALID, pushed::requireUnchanged, "changed while it was read");
        }
    }

    @Test
    void percentFInsteadOfPercentPIsExplained() {
        assertRefused(
                ErrorCode.USAGE,
                () -> new PushRunner(List.of(target()), DEADLINE, System::nanoTime)
                        .push(new PushRequest(first.toString(), data, data), TaskMonitor.SILENT),
                "%p instead of %f");
        assertNothingStored();
    }

    @Test
    void directoryEmptyTruncatedAndForeignNamesAreRefusedAndNothingIsStored() throws IOException {
        WalSegmentName name = WalSegmentName.parse("0000000100000000000000AA");
        Files.createDirectories(wal(data, name));
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "is a directory", "%p");

        Files.delete(wal(data, name));
        Files.createFile(wal(data, name));
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "is empty");

        Files.write(wal(data, name), Arrays.copyOf(Files.readAllBytes(wal(data, first)), 700_000));
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "700000", "1048576");

        Files.write(wal(data, "postgresql.conf"), new byte[10]);
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, "postgresql.conf"), "not the name of a WAL file");
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, "0000000100000000000000AB"), "does not exist");
        assertNothingStored();
    }

    @Test
    void relativePathIsAlsoFoundInTheConfiguredDataDirectoryBecausePatroniCallsFromElsewhere() {
        PushReport report = new PushRunner(List.of(target()), DEADLINE, System::nanoTime)
                .push(new PushRequest("pg_wal/" + first, directory, data), TaskMonitor.SILENT);

        assertThat(report.targets()).hasSize(1);
    }

    @Test
    void historyBackupAndPartialFilesAreAcceptedAndTwoDifferentPartialsAreBothKept() throws IOException {
        Path left = copyOf("left");
        WalFileName.History history = new WalFileName.History(2);
        assertThat(push(left, history)).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(archived(repository, history)).isEqualTo(Files.readAllBytes(wal(left, history)));

        WalFileName.Partial partial = new WalFileName.Partial(first);
        Files.copy(wal(data, first), wal(data, partial));
        push(data, partial);
        change(wal(data, partial), content -> Arrays.fill(content, 16384, content.length, (byte) 0));
        push(data, partial);
        assertThat(repository.keys("clusters/main/wal/"))
                .filteredOn(key -> key.contains(".partial"))
                .hasSize(2);

        String backup = first + ".00000028.backup";
        Files.writeString(wal(data, backup), """
                START WAL LOCATION: %s (file %s)
                STOP WAL LOCATION: 0/FFFFFF (file 000000010000000000000000)
                CHECKPOINT LOCATION: %s
                BACKUP METHOD: streamed
                BACKUP FROM: primary
                START TIME: 2026-11-21 03:15:00 UTC
                LABEL: test
                START TIMELINE: 1
                STOP TIME: 2026-11-21 03:16:00 UTC
                STOP TIMELINE: 1
                """.formatted(
                first.startLsn(SIZE).plus(0x28), first, first.startLsn(SIZE).plus(0x60)));
        assertThat(push(data, backup)).isInstanceOf(PutWalOutcome.Stored.class);
    }

    @Test
    void walOfAnUnknownVersionIsArchivedAndMarkedAsNotIndexed() throws IOException {
        change(wal(data, first), content -> {
            for (int page = 0; page < content.length; page += 8192) {
                content[page] = 0x55;
                content[page + 1] = 0x55;
            }
        });

        assertThat(push(data, first)).isInstanceOf(PutWalOutcome.Stored.class);
        WalObject object = repository.wal().find(new WalFileName.Segment(first)).orElseThrow();
        assertThat(repository.wal().readIndex(object))
                .hasValueSatisfying(index -> assertThat(index.isIndexed()).isFalse());
    }
}
