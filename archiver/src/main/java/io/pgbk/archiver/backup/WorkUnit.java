package io.pgbk.archiver.backup;

import java.util.List;

/** What one thread copies without asking for more. */
sealed interface WorkUnit {
    /** Whole files, each of one slice. */
    record Files(List<CopyFile> files) implements WorkUnit {
        public Files {
            files = List.copyOf(files);
        }
    }

    /** A slice of a big file. */
    record Slice(CopyFile file, int slice) implements WorkUnit {}

    /** There is nothing more to do. */
    record End() implements WorkUnit {}
}
