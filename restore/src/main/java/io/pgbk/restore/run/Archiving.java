package io.pgbk.restore.run;

import java.util.Locale;

/** Whether the restored server archives its WAL. */
public enum Archiving {
    /** With the settings that were restored. */
    CONTINUE,
    /** Not: {@code archive_mode = off} is written. */
    OFF;

    /** The word of the command line and of JSON. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
