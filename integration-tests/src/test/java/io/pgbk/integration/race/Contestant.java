package io.pgbk.integration.race;

import java.nio.file.Path;
import java.util.List;

/** A backup program with its configuration for one cluster and one repository. */
interface Contestant {
    /** For the report. */
    String name();

    /** Makes its repository. */
    void initialise();

    /** What goes into archive_command. */
    String archiveCommand();

    /** A full backup. */
    List<String> backup();

    /** A backup of what has changed since the last one. */
    List<String> incremental();

    /** The bytes of the database's files that the newest backup looked at. */
    long readBytes();

    /** The stored bytes of the newest backup's files, as the program says. */
    long storedBytes();

    /** Removes all backups but the newest. */
    void forgetOldBackups();

    /** A restore of the newest backup to an empty directory. */
    List<String> restore(Path target);

    /** A push of one WAL segment in the foreground. */
    List<String> push(Path segment);
}
