package io.pgbk.catalog.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RepositoryTest {
    @TempDir
    Path directory;

    private TestPlace place;

    @BeforeEach
    void prepare() {
        place = new TestPlace(directory, new ManualTime());
    }

    static AbstractThrowableAssert<?, ?> assertFails(ErrorCode code, ThrowingCallable call) {
        return assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        PgbkException.class,
                        e -> assertThat(e.code()).as(e.toString()).isEqualTo(code));
    }

    @Test
    void initIsIdempotentAndWhatItMadeCanBeOpened() {
        try (Repository made = place.initialise(TestPlace.encrypted(1));
                Repository again = place.initialise(TestPlace.encrypted(1));
                Repository opened = place.open("a")) {
            assertThat(again.id()).isEqualTo(made.id());
            assertThat(opened.id()).isEqualTo(made.id());
            assertThat(opened.encrypted()).isTrue();
        }
        place.assertSound();
    }

    @Test
    void aMissingRepositoryIsNamedWithTheCommandThatMakesOne() {
        assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> place.open("a"))
                .satisfies(e -> assertThat(((PgbkException) e).hint()).contains("pgbk init"));
    }

    @Test
    void encryptionCannotBeOffByAccidentNorOnByAccident() {
        place.initialise(TestPlace.encrypted(1)).close();
        assertFails(
                ErrorCode.ENCRYPTION_MISMATCH,
                () -> Repository.open(place.store(), new EncryptionSettings.Plain(), place.runtime("a")));

        TestPlace plain = new TestPlace(directory.resolve("plain"), new ManualTime());
        plain.initialise(new EncryptionSettings.Plain()).close();
        assertFails(ErrorCode.ENCRYPTION_MISMATCH, () -> plain.open("a"));
    }

    @Test
    void aWrongKeyIsRecognisedFirst() {
        place.initialise(TestPlace.encrypted(1)).close();

        assertFails(
                ErrorCode.KEY_WRONG, () -> Repository.open(place.store(), TestPlace.encrypted(2), place.runtime("a")));
    }

    @Test
    void aPrefixWithOtherObjectsIsRefused() throws Exception {
        Files.writeString(place.directory().resolve("holiday.jpg"), "x");

        assertFails(ErrorCode.REFUSED_BY_POLICY, () -> place.initialise(TestPlace.encrypted(1)))
                .hasMessageContaining("holiday.jpg");
    }

    @Test
    void aStoreWithoutExclusiveCreationIsUsedOnlyWhenAllowed() {
        FaultyStore store = place.store();
        store.pretendNotExclusive();
        assertFails(
                ErrorCode.STORE_UNSAFE,
                () -> Repository.initialise(store, TestPlace.encrypted(1), InitOptions.SAFE, place.runtime("a")));

        try (Repository repository = Repository.initialise(
                        store, TestPlace.encrypted(1), new InitOptions(true), place.runtime("a"))
                .repository()) {
            assertThat(repository.storeIsSafe()).isFalse();
        }
    }

    @Test
    void anAlteredRepositoryFileIsDamage() throws Exception {
        place.initialise(TestPlace.encrypted(1)).close();
        Path file = place.directory().resolve("repository.json");
        String text = Files.readString(file);
        Files.delete(file);
        Files.writeString(file, text.replace("\"storeIsSafe\":true", "\"storeIsSafe\":false"));

        assertFails(ErrorCode.OBJECT_DAMAGED, () -> place.open("a"));
    }

    @Test
    void ofManyInitsAtTheSameTimeOneCreatesAndTheOthersJoin() throws Exception {
        List<Future<InitResult>> inits = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            for (int i = 0; i < 6; i++) {
                inits.add(threads.submit(() -> Repository.initialise(
                        place.store(), TestPlace.encrypted(1), InitOptions.SAFE, place.runtime("init"))));
            }
        }
        List<InitResult> results = new ArrayList<>();
        for (Future<InitResult> init : inits) {
            results.add(init.get());
        }

        assertThat(results.stream().filter(InitResult::created)).hasSize(1);
        assertThat(results.stream().map(result -> result.repository().id()).distinct())
                .hasSize(1);
        place.assertSound();
    }

    @Test
    void anInitThatDiesAtAnyCallLeavesAPlaceForTheNext() {
        for (boolean withEffect : new boolean[] {false, true}) {
            boolean died = true;
            for (int call = 1; died; call++) {
                TestPlace fresh = new TestPlace(directory.resolve(call + "-" + withEffect), new ManualTime());
                FaultyStore store = fresh.store();
                store.dieAtCall(call, withEffect);
                try {
                    Repository.initialise(store, TestPlace.encrypted(1), InitOptions.SAFE, fresh.runtime("dying"));
                } catch (PgbkException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
                }
                died = store.died();

                fresh.initialise(TestPlace.encrypted(1)).close();
                fresh.assertSound();
            }
        }
    }

    @Test
    void keySlotsCanBeAddedReplacedAndRemovedButNeverTheLast() {
        try (Repository repository = place.initialise(TestPlace.encrypted(1))) {
            KeyManager keys = repository.keyManager();
            String first = keys.list().getFirst().slotId();
            assertFails(ErrorCode.REFUSED_BY_POLICY, () -> keys.remove(first));

            String second = keys.add(TestPlace.key(2));
            Repository.open(place.store(), TestPlace.encrypted(2), place.runtime("a"))
                    .close();
            keys.remove(first);
            assertFails(ErrorCode.KEY_WRONG, () -> place.open("a"));

            keys.rewrap(second, TestPlace.key(3));
            Repository.open(place.store(), TestPlace.encrypted(3), place.runtime("a"))
                    .close();
            assertFails(
                    ErrorCode.KEY_WRONG,
                    () -> Repository.open(place.store(), TestPlace.encrypted(2), place.runtime("a")));
            assertFails(ErrorCode.OBJECT_MISSING, () -> keys.remove("nobody"));
        }
    }

    /** Whoever has the credentials of the store can write names that come before that of the true slot. */
    @Test
    void hazardSlotsThatSomebodyLaidBesideTheTrueOneDoNotHideIt() throws IOException {
        try (Repository repository = place.initialise(TestPlace.encrypted(1))) {
            String slot = repository.keyManager().list().getFirst().slotId();
            for (int i = 0; i < 1001; i++) {
                Path junk = place.directory().resolve("keys/%s-9999-%08x.json".formatted(slot.substring(0, 8), i));
                Files.writeString(junk, "{}");
            }
            place.open("a").close();
            assertFails(
                    ErrorCode.KEY_WRONG,
                    () -> Repository.open(place.store(), TestPlace.encrypted(2), place.runtime("b")));
        }
    }

    @Test
    void rotationGivesTheNewEpochToEverySlotItCanOpenAndNamesTheOthers() {
        try (Repository repository = place.initialise(TestPlace.encrypted(1, 2, 3))) {
            KeyManager.Rotation rotation = repository.keyManager().rotate(List.of(TestPlace.key(1), TestPlace.key(2)));

            assertThat(rotation.epoch()).isEqualTo(2);
            assertThat(rotation.rewrapped()).hasSize(2);
            assertThat(rotation.leftBehind()).hasSize(1);
        }
        try (Repository rotated = place.open("a");
                Repository behind = Repository.open(place.store(), TestPlace.encrypted(3), place.runtime("b"))) {
            assertThat(rotated.keys().currentEpoch()).isEqualTo(2);
            assertThat(behind.keys().currentEpoch()).isEqualTo(1);
        }
    }

    @Test
    void aRotationThatDiesAtAnyCallNeverLocksAnybodyOut() {
        boolean died = true;
        for (int call = 1; died; call++) {
            TestPlace fresh = new TestPlace(directory.resolve("rotate" + call), new ManualTime());
            fresh.initialise(TestPlace.encrypted(1, 2)).close();
            FaultyStore store = fresh.store();
            try (Repository repository = fresh.open(store, "rotating")) {
                store.dieAtCall(call, true);
                try {
                    repository.keyManager().rotate(List.of(TestPlace.key(1), TestPlace.key(2)));
                } catch (PgbkException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
                }
            }
            died = store.died();

            fresh.open("a").close();
            Repository.open(fresh.store(), TestPlace.encrypted(2), fresh.runtime("b"))
                    .close();
        }
    }
}
