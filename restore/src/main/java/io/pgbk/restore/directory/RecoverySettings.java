package io.pgbk.restore.directory;

import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which settings make a restored server recover as planned, whatever older settings its other files hold. */
public final class RecoverySettings {
    private RecoverySettings() {}

    /**
     * For recovery to a target. Other kinds of targets are set to nothing first: postgresql.conf may name one, and
     * PostgreSQL refuses two; it takes the settings in the order of the file, so the real target must be last.
     *
     * @param timeline the line to follow, unsigned
     */
    public static List<Setting> recovery(
            String restoreCommand, RecoveryTarget target, int timeline, TargetAction action) {
        List<Setting> settings = common(restoreCommand, Integer.toUnsignedString(timeline));
        settings.add(new Setting("primary_conninfo", ""));
        settings.add(new Setting("primary_slot_name", ""));
        settings.add(new Setting("recovery_target_inclusive", target.exclusive() ? "off" : "on"));
        settings.add(new Setting("recovery_target_action", action.setting()));
        String own = setting(target);
        for (String other : TARGETS) {
            if (!other.equals(own)) {
                settings.add(new Setting(other, ""));
            }
        }
        if (!own.isEmpty()) {
            settings.add(new Setting(own, target instanceof RecoveryTarget.Immediate ? "immediate" : target.value()));
        }
        return settings;
    }

    /** For a standby, which follows the newest timeline and has no target. */
    public static List<Setting> standby(String restoreCommand, Optional<String> primaryConnection) {
        List<Setting> settings = common(restoreCommand, "latest");
        settings.add(new Setting("primary_conninfo", primaryConnection.orElse("")));
        TARGETS.forEach(name -> settings.add(new Setting(name, "")));
        return settings;
    }

    private static final List<String> TARGETS = List.of(
            "recovery_target",
            "recovery_target_lsn",
            "recovery_target_name",
            "recovery_target_time",
            "recovery_target_xid");

    private static List<Setting> common(String restoreCommand, String timeline) {
        List<Setting> settings = new ArrayList<>();
        settings.add(new Setting("restore_command", restoreCommand));
        settings.add(new Setting("archive_cleanup_command", ""));
        settings.add(new Setting("recovery_end_command", ""));
        settings.add(new Setting("recovery_min_apply_delay", "0"));
        settings.add(new Setting("recovery_target_timeline", timeline));
        return settings;
    }

    private static String setting(RecoveryTarget target) {
        return switch (target) {
            case RecoveryTarget.Latest _ -> "";
            case RecoveryTarget.Immediate _ -> "recovery_target";
            case RecoveryTarget.LsnTarget _ -> "recovery_target_lsn";
            case RecoveryTarget.Name _ -> "recovery_target_name";
            case RecoveryTarget.Time _ -> "recovery_target_time";
            case RecoveryTarget.Xid _ -> "recovery_target_xid";
        };
    }
}
