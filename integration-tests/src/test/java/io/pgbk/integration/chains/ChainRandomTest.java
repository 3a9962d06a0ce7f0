package io.pgbk.integration.chains;

import io.pgbk.integration.chains.ChainSteps.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A server lives through random steps that change its files in every way that there is; backups taken in between are
 * restored and must be equal to the server: files byte for byte, rows, indexes, visibility maps.
 */
class ChainRandomTest {
    /** What the backups of a run are, at random. */
    private static final List<String> TYPES = List.of("incr", "incr", "incr", "diff", "diff", "full");

    static List<ChainCase> cases() {
        return ChainCase.chosen();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void everyBackupIsWhatTheServerWas(ChainCase run) {
        List<String> done = new ArrayList<>();
        Random random = new Random(run.seed() + 1);
        try (ChainSite site = new ChainSite(run)) {
            for (Step step : ChainSteps.of(run)) {
                String type = TYPES.get(random.nextInt(TYPES.size()));
                done.add(
                        step instanceof Step.Backup || step instanceof Step.BackupUnderLoad
                                ? step + " of type " + type
                                : step.toString());
                switch (step) {
                    case Step.Sql(List<String> statements) -> site.server().sql(statements.toArray(String[]::new));
                    case Step.Crash() -> site.crash();
                    case Step.Promote() -> site.promote();
                    case Step.GoBack() -> site.goBackTo(random.nextInt(1000));
                    case Step.CrossBorder cross -> site.crossBorder(cross);
                    case Step.Backup() -> site.backUpAndCompare(type);
                    case Step.BackupUnderLoad(List<Step.Sql> writes) -> site.backUpUnderLoad(type, writes);
                }
            }
        } catch (RuntimeException | AssertionError e) {
            // The reason first: of a long message a report may show the beginning only, and the cause not at all.
            throw new AssertionError(run + "\n" + e + "\nsteps:\n" + String.join("\n", done), e);
        }
    }
}
