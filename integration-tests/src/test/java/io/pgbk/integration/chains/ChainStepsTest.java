package io.pgbk.integration.chains;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What the short run consists of. */
class ChainStepsTest {
    /** What changes files, each in another way. */
    private static final List<String> KINDS = List.of(
            "insert into ",
            "update ",
            "delete from ",
            "select count(*) from ",
            "vacuum t",
            "vacuum (freeze) ",
            "vacuum full ",
            "vacuum (truncate) ",
            "truncate ",
            " strategy wal_log",
            " strategy file_copy",
            "drop database d",
            "alter table t",
            "alter index ",
            "alter database ",
            " set unlogged",
            " set logged",
            "nextval(",
            "lo_from_bytea(",
            "reindex ",
            "cluster ",
            "Crash[",
            "Promote[",
            "GoBack[",
            "Backup[",
            "BackupUnderLoad[",
            "CrossBorder[");

    @Test
    void theShortRunChangesFilesInEveryWayThatThereIs() {
        String steps =
                ChainCase.shortRun().stream().map(ChainSteps::of).toList().toString();
        assertThat(KINDS).allSatisfy(kind -> assertThat(steps).contains(kind));
    }

    @Test
    void aSeedMeansTheSameStepsEachTime() {
        ChainCase run = ChainCase.shortRun().getFirst();
        assertThat(ChainSteps.of(run)).isEqualTo(ChainSteps.of(run));
    }
}
