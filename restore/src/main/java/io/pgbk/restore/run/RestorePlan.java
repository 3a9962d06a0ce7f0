package io.pgbk.restore.run;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.restore.directory.ConfigurationPlan;
import io.pgbk.restore.directory.Setting;
import io.pgbk.restore.directory.TablespacePlacement;
import io.pgbk.restore.plan.RecoveryPlan;
import io.pgbk.restore.target.TargetTime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that a restore will do, decided and checked; printing it is the dry run.
 *
 * @param manifestKey key of the backup's manifest below the prefix
 * @param manifestBytes its stored length
 * @param reuse whether files in the directory are compared and kept where they are right (otherwise it is empty)
 * @param tablespaces where each of the backup's tablespaces goes
 * @param settings what is added to postgresql.auto.conf, in this order
 * @param files number of files
 * @param databaseBytes their size
 * @param notes what the operator should know
 */
public record RestorePlan(
        RecoveryPlan recovery,
        Label label,
        Incarnation incarnation,
        String manifestKey,
        long manifestBytes,
        Path dataDirectory,
        boolean reuse,
        List<TablespacePlacement> tablespaces,
        ConfigurationPlan configuration,
        List<Setting> settings,
        RecoveryRole role,
        Archiving archiving,
        long files,
        long databaseBytes,
        int parallel,
        List<String> notes) {
    public RestorePlan {
        tablespaces = List.copyOf(tablespaces);
        settings = List.copyOf(settings);
        notes = List.copyOf(notes);
    }

    /** The plan for people, one fact a line. */
    public List<String> describe() {
        List<String> lines = new ArrayList<>();
        lines.add("backup:         " + label + " (timeline " + recovery.backup().timeline() + ", "
                + recovery.backup().startLsn() + " to " + recovery.backup().stopLsn() + ", ended "
                + TargetTime.format(recovery.backup().stopTime()) + ")");
        lines.add("target:         " + recovery.requested().describe()
                + (recovery.target().equals(recovery.requested())
                        ? ""
                        : ", reached as " + recovery.target().describe()));
        lines.add("timeline:       " + Integer.toUnsignedString(recovery.timeline()));
        lines.add("WAL:            from " + recovery.walFrom()
                + recovery.walTo().map(to -> " to " + to).orElse(" to the end of the archive"));
        lines.add(
                "data directory: " + FileNames.display(dataDirectory) + (reuse ? " (what is right there stays)" : ""));
        for (TablespacePlacement tablespace : tablespaces) {
            lines.add("tablespace:     " + tablespace.describe());
        }
        lines.add("files:          " + files + ", " + databaseBytes + " bytes");
        lines.add("archiving:      " + archiving.id());
        notes.forEach(note -> lines.add("note:           " + note));
        return lines;
    }
}
