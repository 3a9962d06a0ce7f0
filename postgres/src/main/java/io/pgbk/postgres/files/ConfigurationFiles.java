package io.pgbk.postgres.files;

import java.nio.file.Path;
import java.util.List;

/** Collects PostgreSQL's configuration files with everything that they include. */
@SuppressWarnings("DoNotCallSuggester")
public final class ConfigurationFiles {
    private ConfigurationFiles() {}

    /** What was collected, and what could not be (with the reason, for the operator). */
    public record Collected(List<ConfigurationFile> files, List<String> warnings) {
        public Collected {
            files = List.copyOf(files);
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * Reads the three files and what they include, in the order in which PostgreSQL would. A file that cannot be read
     * becomes a warning. At most 1000 files of at most 4 MiB each and 32 MiB together are collected.
     */
    public static Collected collect(Path configFile, Path hbaFile, Path identFile) {
        throw new UnsupportedOperationException("not landed yet");
    }
}
