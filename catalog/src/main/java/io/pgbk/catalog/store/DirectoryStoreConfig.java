package io.pgbk.catalog.store;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A repository in a local or mounted directory.
 *
 * @param directory absolute path of an existing directory; it is not made, because an unmounted file system must not be
 *     taken for an empty repository
 * @param group members of this group may read and write too (files 0660, directories 0770); null: only the owner (0600
 *     and 0700)
 */
public record DirectoryStoreConfig(Path directory, @Nullable String group) implements StoreConfig {
    public DirectoryStoreConfig {
        if (!directory.isAbsolute()) {
            throw new IllegalArgumentException("the directory of a repository must be absolute: " + directory);
        }
        directory = directory.normalize();
    }

    public DirectoryStoreConfig(Path directory) {
        this(directory, null);
    }

    @Override
    public String displayName() {
        return "file://" + directory;
    }
}
