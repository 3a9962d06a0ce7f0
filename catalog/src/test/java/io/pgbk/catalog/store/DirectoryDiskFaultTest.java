package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.disk.DiskCall;
import io.pgbk.testkit.disk.DiskCall.Operation;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The disk below a directory store fails at its nth call, for every n: full, broken, short writes, failing fsync. What a
 * caller was told to be stored is whole and was made durable, and no name ever shows half an object.
 */
class DirectoryDiskFaultTest {
    /** No way of writing here needs more; one that does not end would hang the test. */
    private static final int MAX_CALLS = 100;

    private static final List<DiskFault> FAULTS =
            List.of(DiskFault.NO_SPACE, DiskFault.IO_ERROR, DiskFault.SHORT_WRITE);

    @TempDir
    Path directory;

    private final FaultyDisk disk = new FaultyDisk();
    private final byte[] content = new byte[600_000];
    private ObjectStore store;
    private ObjectStore sound;

    @SuppressWarnings("NullAway.Init") // set before each test
    DirectoryDiskFaultTest() {}

    @BeforeEach
    void open() {
        new Random(4).nextBytes(content);
        store = ObjectStores.open(new DirectoryStoreConfig(disk.path(directory)));
        sound = ObjectStores.open(new DirectoryStoreConfig(directory));
    }

    @AfterEach
    void close() {
        store.close();
        sound.close();
    }

    /** A way in which an object comes into the store. */
    enum Way {
        CREATION,
        UPLOAD,
        /** The object is there already with the same content: perhaps its writer died before it was durable. */
        CREATION_OF_WHAT_IS_THERE;

        void write(ObjectStore to, String key, byte[] content) {
            if (this == UPLOAD) {
                try (ObjectUpload upload = to.upload(key)) {
                    upload.write(ByteBuffer.wrap(content));
                    upload.complete();
                }
            } else {
                assertThat(to.create(key, new BytesBody(content))).isEqualTo(CreateOutcome.CREATED);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void hazardDiskFullBrokenOrWithoutFsyncAtAnyCallNeverShowsHalfAnObjectNorCallsItStored(Way way) throws IOException {
        Set<Operation> met = EnumSet.noneOf(Operation.class);
        for (DiskFault fault : FAULTS) {
            boolean reached = true;
            for (int number = 0; reached; number++) {
                assertThat(number).isLessThan(MAX_CALLS);
                String key = way.name().toLowerCase(java.util.Locale.ROOT) + "/" + FAULTS.indexOf(fault) + "/" + number;
                if (way == Way.CREATION_OF_WHAT_IS_THERE) {
                    sound.create(key, new BytesBody(content));
                }
                disk.failAt(number, fault);
                boolean stored = isStored(way, key, fault);
                List<DiskCall> calls = disk.calls();
                disk.heal();
                reached = calls.size() > number;
                if (reached) {
                    Operation hit = calls.get(number).operation();
                    met.add(hit);
                    // A temporary file that cannot be removed harms nobody.
                    boolean harmless = !(fault instanceof DiskFault.Fail) || hit == Operation.DELETE;
                    assertThat(stored).as(fault + " at " + calls.get(number)).isEqualTo(harmless);
                }
                assertNothingHalf(key, stored);
                if (way != Way.UPLOAD || !stored) {
                    assertNextSucceeds(way, key);
                }
            }
        }
        assertThat(met).contains(Operation.SYNC_FILE, Operation.SYNC_DIRECTORY);
    }

    private boolean isStored(Way way, String key, DiskFault fault) {
        try {
            way.write(store, key, content);
            return true;
        } catch (PgbkException e) {
            assertThat(e.code())
                    .as(e.toString())
                    .isEqualTo(
                            fault.equals(DiskFault.NO_SPACE) ? ErrorCode.NO_SPACE : ErrorCode.REPOSITORY_UNREACHABLE);
            return false;
        }
    }

    private void assertNothingHalf(String key, boolean stored) {
        if (sound.findLength(key).isPresent()) {
            assertThat(Arrays.equals(sound.readAll(key, content.length), content))
                    .as("content of " + key)
                    .isTrue();
        } else {
            assertThat(stored).as(key + " was said to be stored").isFalse();
        }
        assertThat(sound.list("", "")).toIterable().allMatch(object -> object.length() == content.length);
    }

    /** Also after a name became visible whose durability was not sure. */
    private void assertNextSucceeds(Way way, String key) {
        if (way == Way.UPLOAD && sound.findLength(key).isPresent()) {
            return;
        }
        way.write(store, key, content);
        assertThat(sound.findLength(key)).hasValue(content.length);
    }

    @Test
    void everyNameIsMadeDurableBehindItsContent() {
        disk.heal();
        store.create("new/folder/object", new BytesBody(content));

        List<Operation> order = disk.calls().stream()
                .map(DiskCall::operation)
                .filter(EnumSet.of(Operation.SYNC_FILE, Operation.LINK, Operation.SYNC_DIRECTORY)::contains)
                .toList();

        // Two new directories, each durable in the one above it, then the name of the object.
        assertThat(order)
                .containsExactly(
                        Operation.SYNC_FILE,
                        Operation.SYNC_DIRECTORY,
                        Operation.SYNC_DIRECTORY,
                        Operation.LINK,
                        Operation.SYNC_DIRECTORY);
    }

    /** As the kernel does it: what could not be written is told to one fsync of the file and then forgotten. */
    @Test
    void hazardAFailureThatAnEarlyFlushMetIsNotForgottenByTheLastOne() {
        AtomicBoolean told = new AtomicBoolean();
        disk.faults(call ->
                call.operation() == Operation.SYNC_FILE && !told.getAndSet(true) ? DiskFault.IO_ERROR : DiskFault.NONE);
        byte[] step = new byte[Math.toIntExact(EarlyFlush.STEP_BYTES)];

        S3StoreContract.assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> upload(store, "big", step, 1));
        assertThat(sound.findLength("big")).isEmpty();
        assertThat(disk.calls())
                .filteredOn(call -> call.operation() == Operation.LINK)
                .isEmpty();

        upload(store, "big", step, 3);
        assertThat(sound.findLength("big")).hasValue(3L * step.length);
        assertThat(disk.calls())
                .filteredOn(call -> call.operation() == Operation.SYNC_FILE)
                .hasSizeGreaterThan(2);
    }

    private static void upload(ObjectStore to, String key, byte[] part, int times) {
        try (ObjectUpload upload = to.upload(key)) {
            for (int i = 0; i < times; i++) {
                upload.write(ByteBuffer.wrap(part));
            }
            upload.complete();
        }
    }

    @Test
    void aFileSystemThatStaysFullIsSaidAndLeavesNoTemporaryFiles() throws IOException {
        disk.faults(call -> call.operation() == Operation.WRITE ? DiskFault.NO_SPACE : DiskFault.NONE);
        for (Way way : List.of(Way.CREATION, Way.UPLOAD)) {
            assertThat(isStored(way, "object", DiskFault.NO_SPACE)).isFalse();
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aDiskThatCannotBeReadIsNeverTakenForAMissingOrShorterObject() {
        sound.create("object", new BytesBody(content));
        disk.faults(call -> call.operation() == Operation.READ ? DiskFault.IO_ERROR : DiskFault.NONE);

        S3StoreContract.assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> store.readAll("object", content.length));
        assertThat(store.findLength("object")).hasValue(content.length);
    }
}
