package io.pgbk.restore.directory;

import io.pgbk.postgres.files.FileNames;

/**
 * Where one tablespace of the backup goes.
 *
 * @param oid the tablespace, unsigned
 * @param original its path in the backup, each byte shown as one character; empty for one inside the data directory
 * @param target its path from now on, in the same form
 */
public record TablespacePlacement(int oid, String original, String target) {
    /** Whether it is a directory in pg_tblspc and no link. */
    public boolean inPlace() {
        return original.isEmpty();
    }

    /** For people. */
    public String describe() {
        String name = Integer.toUnsignedString(oid) + " ";
        if (inPlace()) {
            return name + "inside the data directory";
        }
        return name + FileNames.display(original) + (original.equals(target) ? "" : " to " + FileNames.display(target));
    }
}
