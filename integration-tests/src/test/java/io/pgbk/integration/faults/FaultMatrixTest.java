package io.pgbk.integration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.ErrorCode;
import io.pgbk.integration.faults.FaultRow.Patience;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every fault of a network and of a store against every command that needs the store: it does what it shall, or fails
 * clearly with the right exit code inside its deadline. Never is anything called done that is not, and never is anything
 * called absent that is there. The whole matrix is printed in the end and written to {@code target/fault-matrix.md}.
 *
 * <p>The long form lets the network go away at every single request of every command.
 */
@Execution(ExecutionMode.CONCURRENT)
class FaultMatrixTest {
    /** Far more than the time-outs of the briefest rows allow, for a busy machine; a command that waits fails it. */
    private static final Duration DEADLINE = Duration.ofSeconds(90);

    private static final FaultMatrix MATRIX = new FaultMatrix();

    private static FaultSite site;

    @BeforeAll
    static void start() {
        site = new FaultSite();
    }

    @AfterAll
    static void stop() throws IOException, URISyntaxException {
        site.close();
        String table = MATRIX.table(FaultRows.all().stream().map(FaultRow::name).toList());
        System.out.println(table);
        Path classes = Path.of(FaultMatrixTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Files.writeString(classes.resolveSibling("fault-matrix.md"), table);
    }

    static List<FaultRow> rows() {
        return FaultRows.all();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void everyCommandDoesWhatItShallOrFailsClearlyInsideItsDeadline(FaultRow row) throws IOException {
        try (FaultTrial trial = new FaultTrial(site, row.patience())) {
            for (FaultCommand command : FaultCommand.values()) {
                Pgbk.Ended ended = trial.run(command, row.faults().get());
                MATRIX.put(row.name(), command, ended);
                assertRightExit(row, command, ended);
                trial.assertEffect(command, ended);
            }
            trial.assertSound();
        }
    }

    private static void assertRightExit(FaultRow row, FaultCommand command, Pgbk.Ended ended) {
        String what = command.title() + " under " + row + ": " + ended;
        int success = command == FaultCommand.GET_ABSENT ? 1 : 0;
        if (row.passes()) {
            assertThat(ended.exit()).as(what).isEqualTo(success);
        } else if (ended.exit() != success) {
            boolean damaged = row.failures().contains(ErrorCode.OBJECT_DAMAGED.exit())
                    && command == FaultCommand.VERIFY
                    && ended.exit() == ErrorCode.NEGATIVE_VERDICT.exit();
            assertThat(damaged || row.failures().contains(ended.exit()))
                    .as(what)
                    .isTrue();
            assertThat(damaged || ended.err().matches("(?s).*(error: |\\{\"error\":).*"))
                    .as(what)
                    .isTrue();
        }
        if (row.patience() == Patience.BRIEF) {
            assertThat(ended.time()).as(what).isLessThan(DEADLINE);
        }
    }

    @ParameterizedTest
    @EnumSource
    @EnabledIfSystemProperty(named = "pgbk.long", matches = "true")
    void theNetworkGoesAwayAtEveryRequestOfEveryCommand(FaultCommand command) throws IOException {
        boolean reached = true;
        for (int number = 0; reached; number++) {
            int first = number;
            Function<FaultProxy.Request, Fault> faults = FaultRows.nth(n -> n >= first, new Fault.Reset());
            try (FaultTrial trial = new FaultTrial(site, Patience.BRIEF)) {
                Pgbk.Ended ended = trial.run(command, faults);
                int success = command == FaultCommand.GET_ABSENT ? 1 : 0;
                assertThat(Set.of(success, ErrorCode.REPOSITORY_UNREACHABLE.exit()))
                        .as(command + " without the network from request " + number + " on: " + ended)
                        .contains(ended.exit());
                MATRIX.put("the network goes away at request " + (number + 1), command, ended);
                trial.assertEffect(command, ended);
                trial.assertSound();
                reached = trial.requests() > number;
            }
        }
    }
}
