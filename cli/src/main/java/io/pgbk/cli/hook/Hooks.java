package io.pgbk.cli.hook;

import io.pgbk.catalog.format.crypto.CipherPreparation;
import io.pgbk.cli.output.Console;
import io.pgbk.cli.output.ErrorReport;
import io.pgbk.cli.output.OutputFormat;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.cli.process.Session;
import java.util.List;
import java.util.Optional;

/** Runs a hook and tells its failure. */
public final class Hooks {
    private Hooks() {}

    /** Runs the hook with its arguments. */
    public static HookResult run(HookCall.Kind kind, List<String> arguments, ProcessContext process) {
        String usedCache = System.getProperty("pgbk.hook-cache");
        Optional<HookCache.Check> check = Optional.ofNullable(usedCache).map(HookCache.Check::start);
        CipherPreparation.start();
        try {
            HookCall call = HookCall.parse(kind, arguments);
            Session session = new Session(process, call::options);
            HookResult result = switch (kind) {
                case PUSH -> PushHook.run(call, session);
                case GET -> GetHook.run(call, session);
            };
            check.ifPresent(HookCache.Check::await);
            return result;
        } catch (Exception | OutOfMemoryError | StackOverflowError | LinkageError failure) {
            check.ifPresent(HookCache.Check::await);
            ErrorReport report = ErrorReport.of(failure);
            OutputFormat format = HookCall.wantsJson(arguments) ? OutputFormat.JSON : OutputFormat.TEXT;
            report.print(new Console(process.out(), process.err(), format, false, process.terminal()));
            return new HookResult.Failed(report.code());
        }
    }
}
