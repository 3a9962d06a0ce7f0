package io.pgbk.archiver.push;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** archive-push with the files of real servers: what is archived, and what when something else has been. */
final class PushRunnerTest extends PushSite {
    @Test
    void storesWhatComesBackBitIdenticalWithItsIndex() throws IOException {
        assertThat(push(data, first)).isInstanceOf(PutWalOutcome.Stored.class);

        WalFileName.Segment name = new WalFileName.Segment(first);
        assertThat(archived(repository, name)).isEqualTo(Files.readAllBytes(wal(data, first)));
        assertThat(repository.wal().readIndex(repository.wal().find(name).orElseThrow()))
                .hasValueSatisfying(index -> assertThat(index.isIndexed()).isTrue());
    }

    @Test
    void sameSegmentWithSameContentPushedAgainStoresNothingAndSaysSoAtDebugLevel() {
        push(data, first);
        List<String> keys = repository.keys("");
        List<String> debug = new ArrayList<>();

        PushReport again = push(
                data,
                first,
                new TaskMonitor() {
                    @Override
                    public void debug(String message) {
                        debug.add(message);
                    }
                },
                target());

        assertThat(again.targets())
                .singleElement()
                .isInstanceOfSatisfying(
                        TargetResult.Archived.class,
                        result -> assertThat(result.outcome()).isInstanceOf(PutWalOutcome.AlreadyIdentical.class));
        assertThat(repository.keys("")).isEqualTo(keys);
        assertThat(debug).singleElement().asString().contains(first.toString(), "archived before");
    }

    @Test
    void sameSegmentPushedByAStandbyWithArchiveModeAlwaysStoresNothing() throws IOException {
        push(data, first);

        assertThat(push(copyOf("left"), first)).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        assertThat(push(copyOf("right"), first)).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        assertThat(repository.keys("clusters/main/wal/")).hasSize(1);
    }

    @Test
    void ofTwoHostsThatPushOtherRecordsUnderTheSameNameAtTheSameInstantExactlyOneWins() throws Exception {
        Path left = copyOf("left");
        Path right = copyOf("right");
        WalSegmentName name = lastOfTimeline2("left");
        Files.copy(wal(left, "00000002.history"), wal(right, "00000002.history"), StandardCopyOption.REPLACE_EXISTING);
        List<Object> outcomes = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (Path side : List.of(left, right)) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    outcomes.add(push(side, name).getClass());
                } catch (PgbkException e) {
                    outcomes.add(e.code());
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(outcomes).containsExactlyInAnyOrder(PutWalOutcome.Stored.class, ErrorCode.WAL_CONFLICT);
        assertThat(repository.keys("clusters/main/wal/"))
                .filteredOn(key -> key.contains(name.toString()))
                .hasSize(1);
    }

    @Test
    void sameNameWithDivergingRecordsIsRefusedWithBothDigestsAndNothingIsOverwritten() throws IOException {
        Path left = copyOf("left");
        Path right = copyOf("right");
        WalSegmentName name = lastOfTimeline2("left");
        // Two servers that were promoted from the same place: force the second one's history to look like the first's.
        Files.copy(wal(left, "00000002.history"), wal(right, "00000002.history"), StandardCopyOption.REPLACE_EXISTING);
        push(left, name);
        byte[] before = archived(repository, new WalFileName.Segment(name));

        assertRefused(
                ErrorCode.WAL_CONFLICT,
                () -> push(right, name),
                "archived digest",
                "new digest",
                "pgbk wal resolve " + name);

        assertThat(archived(repository, new WalFileName.Segment(name))).isEqualTo(before);
    }

    @Test
    void incompleteLastSegmentIsKeptBesideTheLongerOne() throws IOException {
        Path shorter = copyOf("left");
        Files.delete(wal(shorter, first));
        Path file = wal(shorter, first);
        Files.copy(wal(data, first), file);
        try (var later = Files.list(shorter.resolve("pg_wal"))) {
            for (Path other : later.filter(path -> !path.equals(file)).toList()) {
                Files.delete(other);
            }
        }
        change(file, content -> Arrays.fill(content, 16384, content.length, (byte) 0));

        assertThat(push(shorter, first)).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(push(data, first))
                .isInstanceOfSatisfying(
                        PutWalOutcome.KeptBeside.class,
                        beside -> assertThat(beside.newIsLonger()).isTrue());
        assertThat(archived(repository, new WalFileName.Segment(first)))
                .isEqualTo(Files.readAllBytes(wal(data, first)));
    }

    @Test
    void historyWithOtherContentUnderTheSameNameIsReportedAsSplitBrain() throws IOException {
        Path left = copyOf("left");
        Path right = copyOf("right");
        change(wal(right, "00000002.history"), content -> content[content.length - 2] ^= 1);
        push(left, "00000002.history");

        assertRefused(ErrorCode.TIMELINE_CONFLICT, () -> push(right, "00000002.history"), "Split brain");
    }

    @Test
    void segmentOfALaterTimelineBringsItsHistoryAlongAndIsRefusedWhenAnotherOneIsArchived() throws IOException {
        Path left = copyOf("left");
        WalSegmentName name = lastOfTimeline2("left");
        push(left, name);
        assertThat(repository.wal().historyFile(2))
                .hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(readAll(wal(left, "00000002.history"))));

        Path right = copyOf("right");
        change(wal(right, "00000002.history"), content -> content[content.length - 2] ^= 1);
        assertRefused(ErrorCode.TIMELINE_CONFLICT, () -> push(right, lastOfTimeline2("right")), "Split brain");
    }

    private static byte[] readAll(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void twoHostsThatPushTheSameNameAtTheSameInstantBothSucceedWithOneObject() throws Exception {
        List<Class<?>> outcomes = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform()
                    .start(() -> outcomes.add(push(data, first).getClass())));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(outcomes).hasSize(4);
        assertThat(outcomes.stream().filter(PutWalOutcome.Stored.class::equals)).hasSize(1);
        assertThat(repository.keys("clusters/main/wal/")).hasSize(1);
    }
}
