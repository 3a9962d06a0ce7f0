package io.pgbk.cli.hook;

import io.pgbk.error.ErrorCode;

/** How a hook ended. */
public sealed interface HookResult {
    /** What was asked for is done. */
    record Done() implements HookResult {}

    /** archive-get: it is proved that no repository has the file. */
    record Absent() implements HookResult {}

    /** It failed, and that was told. */
    record Failed(ErrorCode code) implements HookResult {}

    /** The exit status for a caller that starts the JVM itself. */
    default int plainStatus() {
        return switch (this) {
            case Done _ -> 0;
            case Absent _ -> 1;
            case Failed failed -> failed.code().exit();
        };
    }

    /**
     * The exit status for the launcher, which maps it: a JVM that ends by itself with 0 or 1 (because of an option, or
     * because it cannot start) must not be taken for success or proved absence.
     */
    default int launcherStatus() {
        return switch (this) {
            case Done _ -> 120;
            case Absent _ -> 121;
            case Failed failed -> failed.code().exit();
        };
    }
}
