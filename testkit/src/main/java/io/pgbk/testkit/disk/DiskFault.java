package io.pgbk.testkit.disk;

/** What a {@link FaultyDisk} does to one call. */
public sealed interface DiskFault {
    /** Nothing: the call is carried out. */
    record None() implements DiskFault {}

    /**
     * The call fails and has no effect, but for a write, which has written its first half.
     *
     * @param reason the C library's words for the error
     */
    record Fail(String reason) implements DiskFault {}

    /** A write writes only a part and says so; every other call is carried out. */
    record ShortWrite() implements DiskFault {}

    /** The call never ends: the process is going to be killed right there. */
    record Hang() implements DiskFault {}

    DiskFault NONE = new None();
    /** ENOSPC. */
    DiskFault NO_SPACE = new Fail("No space left on device");
    /** EIO. */
    DiskFault IO_ERROR = new Fail("Input/output error");

    DiskFault SHORT_WRITE = new ShortWrite();
}
