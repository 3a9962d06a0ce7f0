package io.pgbk.restore.run;

import io.pgbk.restore.directory.TablespaceMapping;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.target.TargetAction;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a restore is asked for.
 *
 * @param dataDirectory where it goes, absolute
 * @param configuredDirectory whether that is the data directory of the configuration: an in-place restore
 * @param tablespaces where tablespaces go that shall not go to their old path
 * @param delta whether what is right already in the directory may stay, and what is wrong be removed
 * @param archiving empty: continue in the configured directory, off elsewhere
 * @param restoreCommand what is written into {@code restore_command}; knows {@code %f} and {@code %p}
 * @param incarnation which incarnation's backups; empty: the newest that has backups
 * @param parallel threads that fetch and write
 */
public record RestoreRequest(
        RestoreGoal goal,
        Path dataDirectory,
        boolean configuredDirectory,
        List<TablespaceMapping> tablespaces,
        boolean delta,
        RecoveryRole role,
        TargetAction action,
        Optional<Archiving> archiving,
        String restoreCommand,
        OptionalInt incarnation,
        int parallel) {
    public RestoreRequest {
        tablespaces = List.copyOf(tablespaces);
        if (!dataDirectory.isAbsolute() || parallel < 1) {
            throw new IllegalArgumentException("a restore needs an absolute directory and at least one thread");
        }
    }

    /** The same restore going on in a directory in which it began already. */
    public RestoreRequest continued() {
        return new RestoreRequest(
                goal,
                dataDirectory,
                configuredDirectory,
                tablespaces,
                true,
                role,
                action,
                archiving,
                restoreCommand,
                incarnation,
                parallel);
    }
}
