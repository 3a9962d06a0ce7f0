package io.pgbk.testkit;

import java.time.Duration;
import java.util.function.UnaryOperator;

/** What {@link FaultProxy} does to one request. */
public sealed interface Fault {
    /** Nothing: the request and the answer pass. */
    record None() implements Fault {}

    /** The store is not asked; the client gets this answer. */
    record Answer(int status, String body) implements Fault {}

    /** The store does its work, and the client gets this answer instead of the store's. */
    record AnswerInstead(int status, String body) implements Fault {}

    /** The store does its work, and the connection is reset before the client hears of it. */
    record LoseAnswer() implements Fault {}

    /** The store does its work, and nothing more is ever heard on the connection until the proxy is closed. */
    record SwallowAnswer() implements Fault {}

    /** The connection is reset before the store is asked. */
    record Reset() implements Fault {}

    /** The connection is reset when so many bytes of the request's body have come; the store is not asked. */
    record CutRequest(int bytes) implements Fault {}

    /** The answer's body breaks off after so many bytes, by an orderly end of the connection. */
    record CutBody(long bytes) implements Fault {}

    /** The answer's body is changed, and its length with it: a store that answers wrongly without knowing it. */
    record Alter(UnaryOperator<byte[]> change) implements Fault {}

    /** Request and answer pass at this speed. */
    record Throttle(long bytesPerSecond) implements Fault {}

    /** The request is held back for so long. */
    record Delay(Duration time) implements Fault {}

    /** Nothing ever happens until the proxy is closed. */
    record Hang() implements Fault {}
}
