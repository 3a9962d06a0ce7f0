package io.pgbk.integration.faults;

import io.pgbk.error.ErrorCode;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A row of the matrix: what goes wrong between pgbk and the store, or in the store.
 *
 * @param name how people would call it
 * @param passes whether it goes away soon enough for every command to succeed in spite of it
 * @param patience how long requests and their repetitions may take
 * @param failures the exit codes that a command may end with when it does not succeed
 * @param faults gives the fault of each request, with memory of its own for each command
 */
record FaultRow(
        String name,
        boolean passes,
        Patience patience,
        Set<Integer> failures,
        Supplier<Function<FaultProxy.Request, Fault>> faults) {

    /** Time-outs as the configuration has them. */
    enum Patience {
        /** So patient that a busy machine is no fault. */
        PATIENT("{connect: 10s, request: 30s, total: 2min}"),
        /** For what hangs once: the request is given up soon, the operation is not. */
        STALLED("{connect: 10s, request: 3s, total: 2min}"),
        /** For what hangs for ever. */
        BRIEF("{connect: 1s, request: 1s, total: 3s}");

        private final String yaml;

        Patience(String yaml) {
            this.yaml = yaml;
        }

        String yaml() {
            return yaml;
        }
    }

    static FaultRow passing(String name, Patience patience, Supplier<Function<FaultProxy.Request, Fault>> faults) {
        return new FaultRow(name, true, patience, Set.of(), faults);
    }

    static FaultRow lasting(
            String name,
            Patience patience,
            Supplier<Function<FaultProxy.Request, Fault>> faults,
            ErrorCode... failures) {
        Set<Integer> exits = Arrays.stream(failures).map(ErrorCode::exit).collect(Collectors.toUnmodifiableSet());
        return new FaultRow(name, false, patience, exits, faults);
    }

    @Override
    public String toString() {
        return name;
    }
}
