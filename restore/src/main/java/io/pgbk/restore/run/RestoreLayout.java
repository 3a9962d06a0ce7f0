package io.pgbk.restore.run;

import io.pgbk.postgres.files.FileNames;
import io.pgbk.restore.directory.TablespacePlacement;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Where the files of a backup go: below the data directory, or below the directories of its tablespaces. */
final class RestoreLayout {
    static final String TABLESPACES = "pg_tblspc/";

    private final Path dataDirectory;
    private final Map<String, TablespacePlacement> tablespaces;

    RestoreLayout(Path dataDirectory, List<TablespacePlacement> tablespaces) {
        this.dataDirectory = dataDirectory;
        this.tablespaces = tablespaces.stream()
                .filter(tablespace -> !tablespace.inPlace())
                .collect(Collectors.toMap(
                        tablespace -> Integer.toUnsignedString(tablespace.oid()), Function.identity()));
    }

    Path dataDirectory() {
        return dataDirectory;
    }

    /** The place of a path of the backup, each byte shown as one character; the path was proved to be harmless. */
    Path place(String path) {
        if (path.isEmpty()) {
            return dataDirectory;
        }
        if (path.startsWith(TABLESPACES)) {
            int slash = path.indexOf('/', TABLESPACES.length());
            if (slash > 0) {
                TablespacePlacement tablespace = tablespaces.get(path.substring(TABLESPACES.length(), slash));
                if (tablespace != null) {
                    return FileNames.resolve(FileNames.toPath(tablespace.target()), path.substring(slash + 1));
                }
            }
        }
        return FileNames.resolve(dataDirectory, path);
    }

    /** The tablespace whose link has this path of the backup. */
    Optional<TablespacePlacement> linkAt(String path) {
        return path.startsWith(TABLESPACES)
                ? Optional.ofNullable(tablespaces.get(path.substring(TABLESPACES.length())))
                : Optional.empty();
    }
}
