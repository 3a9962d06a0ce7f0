package io.pgbk.cli.hook;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.ErrorCode;
import io.pgbk.testkit.Fault;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** archive-push and archive-get from their arguments to a real store that fails. */
class HookHazardTest {
    private static final String SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>slow down</Message></Error>";
    private static final String INTERNAL = "<Error><Code>InternalError</Code><Message>oops</Message></Error>";
    private static final String DENIED = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    /** Requests that open a repository; two of them list. */
    private static final int OPENING = 6;
    /** One listing of the name, and that repository.json and the incarnation can be read. */
    private static final int PROVING = 3;

    private static final Duration SOON = Duration.ofSeconds(15);

    @TempDir
    private static Path directory;

    private static HookSite site;
    private static String segment;

    /** A repository that holds the first and the third segment: the second is a hole. */
    private static HookSite.Config filled;

    @BeforeAll
    static void start() {
        site = new HookSite(directory);
        segment = site.segments().getFirst();
        filled = site.repository();
        done(site.push(filled, "pg_wal/" + segment));
        done(site.push(filled, "pg_wal/" + site.segments().get(2)));
    }

    @AfterAll
    static void stop() {
        site.close();
    }

    private static void done(HookSite.Ended ended) {
        assertThat(ended.result()).as(ended.stderr()).isInstanceOf(HookResult.Done.class);
    }

    private static void failed(HookSite.Ended ended, ErrorCode... codes) {
        assertThat(ended.result())
                .as(ended.stderr())
                .isInstanceOfSatisfying(
                        HookResult.Failed.class,
                        failure -> assertThat(failure.code()).as(ended.stderr()).isIn((Object[]) codes));
        assertThat(ended.stderr()).contains("error: ");
    }

    private static void assertDelivered(HookSite.Config config, String name) throws IOException {
        Path data = site.recovering("recovery.signal");
        done(site.get(config, data, name));
        assertThat(data.resolve("pg_wal/RECOVERYXLOG")).hasBinaryContent(site.content(name));
    }

    private static void assertAbsent(HookSite.Config config, String name) throws IOException {
        Path data = site.recovering("standby.signal");
        HookSite.Ended ended = site.get(config, data, name);
        assertThat(ended.result()).as(ended.stderr()).isInstanceOf(HookResult.Absent.class);
        assertNothingDelivered(data);
    }

    private static void assertNothingDelivered(Path data) throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("pg_wal"))) {
            assertThat(files).isEmpty();
        }
    }

    static Stream<Fault> passingFaults() {
        return Stream.of(
                new Fault.Answer(500, INTERNAL),
                new Fault.Answer(503, SLOW_DOWN),
                new Fault.Answer(200, INTERNAL),
                new Fault.AnswerInstead(200, ""),
                new Fault.Reset(),
                new Fault.LoseAnswer(),
                new Fault.CutBody(3));
    }

    @ParameterizedTest
    @MethodSource("passingFaults")
    void pushRetriesWhatPasses_500_503_200WithErrorBody_ShortBody_Reset(Fault fault) throws IOException {
        HookSite.Config config = site.repository();
        firstOfEveryMethod(fault);
        done(site.push(config, "pg_wal/" + segment));
        firstOfEveryMethod(fault);
        assertDelivered(config, segment);
    }

    private static void firstOfEveryMethod(Fault fault) {
        Set<String> seen = java.util.Collections.synchronizedSet(new HashSet<>());
        site.faults(request -> seen.add(request.method()) ? fault : new Fault.None());
    }

    static Stream<Fault> lastingFaults() {
        return Stream.of(
                new Fault.Answer(500, INTERNAL),
                new Fault.Answer(503, SLOW_DOWN),
                new Fault.Answer(200, INTERNAL),
                new Fault.Reset(),
                new Fault.Hang());
    }

    @ParameterizedTest
    @MethodSource("lastingFaults")
    void pushNeverSaysDoneWhenTheStoreTakesNothing_500_503_200WithErrorBody_Reset_Hang(Fault fault) throws IOException {
        HookSite.Config config = site.repository();
        site.fail("PUT", fault);
        long start = System.nanoTime();

        failed(
                site.push(fault instanceof Fault.Hang ? config.impatient() : config, "pg_wal/" + segment),
                ErrorCode.REPOSITORY_UNREACHABLE);

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SOON);
        site.heal();
        assertAbsent(config, segment);
        done(site.push(config, "pg_wal/" + segment));
        assertDelivered(config, segment);
    }

    @Test
    void storageThatHangsEndsAtTheArchiveDeadlineEvenIfEveryRequestMayTakeLonger() {
        HookSite.Config config = site.repository()
                .with("    timeouts: {connect: 5s, request: 1min, total: 10min}\n")
                .withTop("archive-deadline: 1s\n");
        site.faults(request -> new Fault.Hang());
        long start = System.nanoTime();

        HookSite.Ended ended = site.push(config, "pg_wal/" + segment);

        failed(ended, ErrorCode.REPOSITORY_UNREACHABLE);
        assertThat(ended.stderr()).contains("did not take the file within 1 s", "archive-deadline");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SOON);
        site.heal();
    }

    static Stream<Arguments> fetchFaults() {
        return Stream.of(
                Arguments.of("500", new Fault.Answer(500, INTERNAL)),
                Arguments.of("503", new Fault.Answer(503, SLOW_DOWN)),
                Arguments.of("403", new Fault.Answer(403, DENIED)),
                Arguments.of("404 of a proxy", new Fault.Answer(404, "<html>not here</html>")),
                Arguments.of("200 with an error body", new Fault.Answer(200, INTERNAL)),
                Arguments.of("short body", new Fault.CutBody(10)),
                Arguments.of("reset", new Fault.Reset()),
                Arguments.of("time-out", new Fault.Hang()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("fetchFaults")
    void fetchTakesNoFaultForAbsence(String what, Fault fault) throws IOException {
        for (String name : List.of(segment, "00000001000000FF00000001", "00000002.history")) {
            Path data = site.recovering("recovery.signal");
            String key = "/" + name;
            site.faults(request ->
                    request.path().contains(key) || request.path().contains("prefix=") ? fault : new Fault.None());
            long start = System.nanoTime();

            failed(
                    site.get(fault instanceof Fault.Hang ? filled.impatient() : filled, data, name),
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    ErrorCode.PERMISSION_DENIED,
                    ErrorCode.OBJECT_DAMAGED);

            assertThat(Duration.ofNanos(System.nanoTime() - start)).as(what).isLessThan(SOON);
            assertNothingDelivered(data);
        }
        site.heal();
    }

    static Stream<Arguments> wrongPlaces() {
        return Stream.of(
                Arguments.of(
                        "DNS",
                        change(config -> config.at(URI.create("https://no-such-host.invalid"))),
                        ErrorCode.REPOSITORY_UNREACHABLE),
                Arguments.of(
                        "TLS",
                        change(config -> config.at(URI.create(
                                "https://127.0.0.1:" + site.endpoint().url().getPort()))),
                        ErrorCode.REPOSITORY_UNREACHABLE),
                Arguments.of(
                        "nobody listens",
                        change(config -> config.at(URI.create("http://127.0.0.1:1"))),
                        ErrorCode.REPOSITORY_UNREACHABLE),
                Arguments.of(
                        "403", change(config -> config.withSecretKeyFile("access-key")), ErrorCode.PERMISSION_DENIED),
                Arguments.of(
                        "wrong key",
                        change(config -> config.encryptedWith("{key-file: " + directory.resolve("other-key") + "}")),
                        ErrorCode.KEY_WRONG),
                Arguments.of(
                        "missing key",
                        change(config -> config.encryptedWith("{key-file: " + directory.resolve("none") + "}")),
                        ErrorCode.KEY_WRONG),
                Arguments.of(
                        "key that cannot be read",
                        change(config -> config.encryptedWith("{key-file: " + directory + "}")),
                        ErrorCode.KEY_WRONG),
                Arguments.of(
                        "encryption off",
                        change(config -> config.encryptedWith("none")),
                        ErrorCode.ENCRYPTION_MISMATCH));
    }

    private static UnaryOperator<HookSite.Config> change(UnaryOperator<HookSite.Config> change) {
        return change;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrongPlaces")
    void neitherHookTakesAWrongPlaceOrKeyForAnswer_DNS_TLS_403_Key(
            String what, UnaryOperator<HookSite.Config> change, ErrorCode code) throws IOException {
        site.heal();
        HookSite.Config wrong = change.apply(filled);
        int before = site.proxy().requests().size();
        Path data = site.recovering("recovery.signal");

        failed(site.get(wrong, data, segment), code);
        failed(site.get(wrong, data, "00000001000000FF00000001"), code);
        HookSite.Ended pushed = site.push(wrong, "pg_wal/" + site.segments().get(1));

        failed(pushed, code);
        assertThat(pushed.stderr()).as(what).contains("hint: ");
        assertNothingDelivered(data);
        assertThat(site.proxy().requests().stream().skip(before))
                .as("nothing was sent, least of all plaintext")
                .noneMatch(request -> request.method().equals("PUT"));
        assertAbsent(filled, site.segments().get(1));
    }

    @Test
    void encryptionKeyThatOthersMayReadIsRefused() throws IOException {
        Path key = site.secret("open-key", Files.readAllBytes(directory.resolve("key")));
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));

        HookSite.Ended ended = site.push(
                filled.encryptedWith("{key-file: " + key + "}"),
                "pg_wal/" + site.segments().get(1));

        failed(ended, ErrorCode.CONFIGURATION);
        assertThat(ended.stderr()).contains("chmod 0600");
    }

    @Test
    void holeIsNotTheEndInARecoveryAndIsAskedForAgainByAStandby() throws IOException {
        site.heal();
        String missing = site.segments().get(1);
        Path data = site.recovering("recovery.signal");

        HookSite.Ended ended = site.get(filled, data, missing);

        failed(ended, ErrorCode.WAL_GAP);
        assertThat(ended.stderr()).contains(missing, site.segments().get(2));
        assertNothingDelivered(data);
        assertAbsent(filled, missing);
    }

    @Test
    void provedAbsenceIsCheap() throws IOException {
        site.heal();
        for (String name : List.of("00000001000000FF00000001", "00000002.history")) {
            int before = site.proxy().requests().size();
            assertAbsent(filled, name);
            assertThat(site.proxy().requests().stream().skip(before))
                    .as(name)
                    .hasSizeLessThanOrEqualTo(OPENING + PROVING);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"missing", "file", "no rights"})
    void directPushNeedsNoSpoolDirectory_Missing_NoDirectory_NoRights(String state) throws IOException {
        Path spool = directory.resolve("spool-" + state.replace(' ', '-'));
        switch (state) {
            case "file" -> Files.writeString(spool, "");
            case "no rights" ->
                Files.createDirectory(
                        spool, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
            default -> assertThat(spool).doesNotExist();
        }
        site.heal();

        done(site.push(filled.withTop("spool-directory: " + spool + "\n"), "pg_wal/" + segment));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "..",
                "pg_wal",
                "pg_wal/",
                "pg_wal/archive_status",
                "pg_wal/0000\u001b[31mred\nerror: forged",
                "pg_wal/0000000100000000000000FG",
                "pg_wal/0000000100000000000000ff",
                "pg_wal/0000000100000000000000FF",
                "pg_wal/0000000100000000000000FF.gz",
                "/dev/zero",
                "PG_VERSION"
            })
    void nonsenseIsRefusedWithAHintAndWithoutControlCharacters(String argument) {
        site.heal();
        HookSite.Ended ended = site.push(filled, argument);

        failed(ended, ErrorCode.WAL_INVALID, ErrorCode.USAGE);
        assertThat(ended.stderr()).contains("hint: ").doesNotContain("\u001b", "\nerror: forged");
    }

    @Test
    void fetchIntoAPlaceThatCannotTakeItIsAFailureThatNamesThePlace() throws IOException {
        Path data = site.recovering("recovery.signal");
        site.heal();
        Files.delete(data.resolve("pg_wal"));

        HookSite.Ended ended = site.get(filled, data, segment);

        failed(ended, ErrorCode.TARGET_UNSUITABLE);
        assertThat(ended.stderr()).contains("pg_wal/RECOVERYXLOG failed: no such file or directory");
        Files.createDirectories(data.resolve("pg_wal/RECOVERYXLOG"));
        failed(site.get(filled, data, segment), ErrorCode.USAGE);
    }
}
