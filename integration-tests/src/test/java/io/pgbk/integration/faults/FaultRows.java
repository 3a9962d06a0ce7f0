package io.pgbk.integration.faults;

import static io.pgbk.error.ErrorCode.OBJECT_DAMAGED;
import static io.pgbk.error.ErrorCode.PERMISSION_DENIED;
import static io.pgbk.error.ErrorCode.REPOSITORY_UNREACHABLE;
import static io.pgbk.error.ErrorCode.STORE_UNSAFE;

import io.pgbk.integration.faults.FaultRow.Patience;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The rows of the matrix. */
final class FaultRows {
    private static final String SLOW_DOWN = error("SlowDown");
    private static final String INTERNAL = error("InternalError");
    private static final String DENIED = error("AccessDenied");
    private static final String CONFLICT = error("ConditionalRequestConflict");
    private static final Fault NONE = new Fault.None();
    private static final int KIB = 1 << 10;

    private FaultRows() {}

    private static String error(String code) {
        return "<Error><Code>" + code + "</Code><Message>a fault</Message></Error>";
    }

    static List<FaultRow> all() {
        return java.util.stream.Stream.of(network(), store(), lastingOfNetwork(), lastingOfStore())
                .flatMap(List::stream)
                .toList();
    }

    private static List<FaultRow> network() {
        return List.of(
                FaultRow.passing("no fault", Patience.PATIENT, () -> request -> NONE),
                passing("reset", new Fault.Reset()),
                FaultRow.passing("stall, once for each kind of request", Patience.STALLED, first(new Fault.Hang())),
                always("latency of 30 ms", new Fault.Delay(Duration.ofMillis(30))),
                always("bandwidth of 4 MiB/s", new Fault.Throttle(4096 * KIB)),
                passing("request cut after 1,000 bytes", new Fault.CutRequest(1000)),
                passing("answer cut after 100 bytes", new Fault.CutBody(100)),
                always("every answer cut after 200 KiB", new Fault.CutBody(200 * KIB)),
                passing("answer lost after the request was carried out", new Fault.LoseAnswer()),
                FaultRow.passing(
                        "silence after the request was carried out, once for each kind of request",
                        Patience.STALLED,
                        first(new Fault.SwallowAnswer())));
    }

    private static List<FaultRow> store() {
        return List.of(
                passing("500", new Fault.Answer(500, INTERNAL)),
                passing("503", new Fault.Answer(503, SLOW_DOWN)),
                passing("200 with an error body", new Fault.Answer(200, INTERNAL)),
                passing("200 with an empty body, carried out", new Fault.AnswerInstead(200, "")),
                passing("500, carried out", new Fault.AnswerInstead(500, INTERNAL)),
                passing("404 of something between", new Fault.Answer(404, "<html>not here</html>")),
                FaultRow.passing(
                        "409 to the first PUT",
                        Patience.PATIENT,
                        first(FaultRows::isPut, new Fault.Answer(409, CONFLICT))),
                FaultRow.passing(
                        "409 to the first PUT, carried out",
                        Patience.PATIENT,
                        first(FaultRows::isPut, new Fault.AnswerInstead(409, CONFLICT))),
                FaultRow.passing(
                        "every PUT carried out and answered with 500",
                        Patience.PATIENT,
                        () -> request -> isPut(request) ? new Fault.AnswerInstead(500, INTERNAL) : NONE),
                FaultRow.lasting(
                        "LIST does not show what was written last", Patience.PATIENT, LaggingList::new, STORE_UNSAFE),
                FaultRow.lasting(
                        "503 to every seventh request",
                        Patience.PATIENT,
                        () -> nth(n -> n % 7 == 6, new Fault.Answer(503, SLOW_DOWN)),
                        REPOSITORY_UNREACHABLE));
    }

    private static List<FaultRow> lastingOfNetwork() {
        return List.of(
                lasting("reset for ever", new Fault.Reset()),
                lasting("stall for ever", new Fault.Hang()),
                lasting("every answer lost after the request was carried out", new Fault.LoseAnswer()),
                lasting("silence after every request", new Fault.SwallowAnswer()),
                lasting("every request cut", new Fault.CutRequest(0)),
                lasting("every answer cut before its first byte", new Fault.CutBody(0)),
                lasting("bandwidth of 100 bytes/s", new Fault.Throttle(100)),
                from("the network goes away at the 3rd request", 3, new Fault.Reset()),
                from("the network goes away at the 9th request", 9, new Fault.Reset()),
                from("the network goes away at the 20th request", 20, new Fault.Reset()),
                from("the store falls silent at the 9th request", 9, new Fault.Hang()));
    }

    private static List<FaultRow> lastingOfStore() {
        return List.of(
                lasting("500 for ever", new Fault.Answer(500, INTERNAL)),
                lasting("503 for ever", new Fault.Answer(503, SLOW_DOWN)),
                lasting("200 with an error body for ever", new Fault.Answer(200, INTERNAL)),
                lasting("404 of something between for ever", new Fault.Answer(404, "<html>not here</html>")),
                FaultRow.lasting(
                        "409 to every PUT",
                        Patience.BRIEF,
                        () -> request -> isPut(request) ? new Fault.Answer(409, CONFLICT) : NONE,
                        REPOSITORY_UNREACHABLE),
                FaultRow.lasting(
                        "403 once for each kind of request",
                        Patience.PATIENT,
                        first(new Fault.Answer(403, DENIED)),
                        PERMISSION_DENIED),
                FaultRow.lasting(
                        "403 for ever",
                        Patience.PATIENT,
                        () -> request -> new Fault.Answer(403, DENIED),
                        PERMISSION_DENIED),
                FaultRow.lasting(
                        "403 to whatever writes",
                        Patience.PATIENT,
                        () -> request -> request.method().equals("GET") ? NONE : new Fault.Answer(403, DENIED),
                        PERMISSION_DENIED),
                FaultRow.lasting(
                        "403 from the 9th request on",
                        Patience.PATIENT,
                        () -> nth(n -> n >= 8, new Fault.Answer(403, DENIED)),
                        PERMISSION_DENIED),
                FaultRow.lasting(
                        "every object comes half, with a length that agrees",
                        Patience.BRIEF,
                        () -> request ->
                                isRead(request) ? new Fault.Alter(body -> Arrays.copyOf(body, body.length / 2)) : NONE,
                        OBJECT_DAMAGED,
                        REPOSITORY_UNREACHABLE),
                FaultRow.lasting(
                        "WAL and packs come half, with a length that agrees",
                        Patience.BRIEF,
                        () -> request -> isRead(request) && request.path().matches(".*/(wal|packs)/.*")
                                ? new Fault.Alter(body -> Arrays.copyOf(body, body.length / 2))
                                : NONE,
                        OBJECT_DAMAGED,
                        REPOSITORY_UNREACHABLE));
    }

    private static FaultRow passing(String name, Fault fault) {
        return FaultRow.passing(name + ", once for each kind of request", Patience.PATIENT, first(fault));
    }

    private static FaultRow always(String name, Fault fault) {
        return FaultRow.passing(name, Patience.PATIENT, () -> request -> fault);
    }

    private static FaultRow lasting(String name, Fault fault) {
        return FaultRow.lasting(name, Patience.BRIEF, () -> request -> fault, REPOSITORY_UNREACHABLE);
    }

    private static FaultRow from(String name, int number, Fault fault) {
        return FaultRow.lasting(name, Patience.BRIEF, () -> nth(n -> n >= number - 1, fault), REPOSITORY_UNREACHABLE);
    }

    static boolean isList(FaultProxy.Request request) {
        return request.method().equals("GET") && request.path().contains("list-type=2");
    }

    static boolean isPut(FaultProxy.Request request) {
        return request.method().equals("PUT");
    }

    private static boolean isRead(FaultProxy.Request request) {
        return request.method().equals("GET") && !isList(request);
    }

    private static Supplier<Function<FaultProxy.Request, Fault>> first(Fault fault) {
        return first(request -> true, fault);
    }

    /** Hits the first request of each kind that the condition is for. */
    private static Supplier<Function<FaultProxy.Request, Fault>> first(
            Predicate<FaultProxy.Request> condition, Fault fault) {
        return () -> {
            Set<String> seen = ConcurrentHashMap.newKeySet();
            return request -> condition.test(request) && seen.add(request.method() + isList(request)) ? fault : NONE;
        };
    }

    /** Hits requests by their number within the command, from 0. */
    static Function<FaultProxy.Request, Fault> nth(java.util.function.IntPredicate which, Fault fault) {
        AtomicInteger number = new AtomicInteger();
        return request -> which.test(number.getAndIncrement()) ? fault : NONE;
    }
}
