package io.pgbk.restore.directory;

import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Decides where tablespaces go and refuses every place in which something else lives. Reads only. */
public final class TablespacePlanner {
    private final Path dataDirectory;
    private final boolean reuse;

    /**
     * A planner.
     *
     * @param reuse whether the data directory holds this very cluster, whose own tablespaces may be reused
     */
    public TablespacePlanner(Path dataDirectory, boolean reuse) {
        this.dataDirectory = dataDirectory;
        this.reuse = reuse;
    }

    /**
     * The places.
     *
     * @throws PgbkException TABLESPACE_CONFLICT, or USAGE for a mapping of nothing
     */
    public List<TablespacePlacement> plan(
            List<ManifestFacts.Tablespace> tablespaces, List<TablespaceMapping> mappings) {
        refuseUnknown(tablespaces, mappings);
        List<TablespacePlacement> placements = new ArrayList<>();
        for (ManifestFacts.Tablespace tablespace : tablespaces) {
            String original = new String(tablespace.location().toArray(), StandardCharsets.ISO_8859_1);
            String target = original;
            for (TablespaceMapping mapping : mappings) {
                boolean meant = isMeant(mapping, tablespace);
                if (meant && tablespace.inPlace()) {
                    throw new PgbkException(
                            ErrorCode.TABLESPACE_CONFLICT,
                            "tablespace " + mapping.from() + " lies inside the data directory and cannot be mapped",
                            "Leave its mapping out.");
                }
                if (meant) {
                    target = mapping.to();
                }
            }
            TablespacePlacement placement = new TablespacePlacement(
                    tablespace.oid(), tablespace.inPlace() ? "" : original, tablespace.inPlace() ? "" : target);
            if (!placement.inPlace()) {
                check(placement, placements);
            }
            placements.add(placement);
        }
        return placements;
    }

    private static void refuseUnknown(List<ManifestFacts.Tablespace> tablespaces, List<TablespaceMapping> mappings) {
        for (TablespaceMapping mapping : mappings) {
            if (tablespaces.stream().noneMatch(tablespace -> isMeant(mapping, tablespace))) {
                throw new PgbkException(
                        ErrorCode.USAGE,
                        "the backup has no tablespace " + FileNames.display(mapping.from()),
                        "`pgbk restore --dry-run` shows the tablespaces.");
            }
        }
    }

    private static boolean isMeant(TablespaceMapping mapping, ManifestFacts.Tablespace tablespace) {
        return mapping.from().equals(Integer.toUnsignedString(tablespace.oid()))
                || (tablespace.location().length() > 0
                        && mapping.from()
                                .equals(new String(tablespace.location().toArray(), StandardCharsets.ISO_8859_1)));
    }

    private void check(TablespacePlacement placement, List<TablespacePlacement> before) {
        Path target = FileNames.toPath(placement.target());
        if (!target.isAbsolute()) {
            throw conflict(placement, "its path is not absolute");
        }
        if (target.normalize().startsWith(dataDirectory)
                || dataDirectory.startsWith(target.normalize())
                || real(target).startsWith(real(dataDirectory))) {
            throw conflict(placement, "it would lie inside the data directory, or the data directory in it");
        }
        for (TablespacePlacement other : before) {
            Path path = other.inPlace() ? dataDirectory : FileNames.toPath(other.target());
            if (real(path).startsWith(real(target))
                    || (!other.inPlace() && real(target).startsWith(real(path)))) {
                throw conflict(placement, "tablespace " + Integer.toUnsignedString(other.oid()) + " goes there too");
            }
        }
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw conflict(placement, "it is not a directory");
        }
        if (!isEmpty(target) && !isOurs(placement, target)) {
            throw conflict(placement, "the directory is not empty");
        }
    }

    /** The cluster that is restored in place already uses this directory for this tablespace. */
    private boolean isOurs(TablespacePlacement placement, Path target) {
        Path link = dataDirectory.resolve("pg_tblspc").resolve(Integer.toUnsignedString(placement.oid()));
        try {
            return reuse
                    && Files.isSymbolicLink(link)
                    && real(target)
                            .equals(real(dataDirectory.resolve("pg_tblspc").resolve(Files.readSymbolicLink(link))));
        } catch (IOException e) {
            return false;
        }
    }

    private static Path real(Path path) {
        Path existing = path.toAbsolutePath().normalize();
        Path rest = existing.getFileSystem().getPath("");
        while (existing != null) {
            try {
                return existing.toRealPath().resolve(rest.toString()).normalize();
            } catch (IOException e) {
                Path name = existing.getFileName();
                rest = name == null ? rest : name.resolve(rest.toString());
                existing = existing.getParent();
            }
        }
        return path.normalize();
    }

    private static boolean isEmpty(Path directory) {
        try (DirectoryStream<Path> names = Files.newDirectoryStream(directory)) {
            return !names.iterator().hasNext();
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.TABLESPACE_CONFLICT,
                    "directory " + FileNames.display(directory) + " cannot be read: " + e.getMessage(),
                    "Run pgbk as the user that owns it.",
                    e);
        }
    }

    private static PgbkException conflict(TablespacePlacement placement, String why) {
        return new PgbkException(
                ErrorCode.TABLESPACE_CONFLICT,
                "tablespace " + Integer.toUnsignedString(placement.oid()) + " cannot go to "
                        + FileNames.display(placement.target()) + ": " + why,
                "Map it elsewhere with --tablespace " + Integer.toUnsignedString(placement.oid()) + "=PATH.");
    }
}
