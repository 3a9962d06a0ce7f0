package io.pgbk.cli.hook;

import io.pgbk.cli.process.Session;

/** {@code pgbk archive-get}: fetches one WAL file. */
final class GetHook {
    private GetHook() {}

    static HookResult run(HookCall call, Session session) {
        throw new UnsupportedOperationException(call + "" + session);
    }
}
