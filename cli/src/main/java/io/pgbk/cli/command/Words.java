package io.pgbk.cli.command;

import java.util.Iterator;
import java.util.List;

/** The words that options take, for completion; the options themselves refuse every other one. */
final class Words {
    private Words() {}

    /** A list of words for {@code completionCandidates}. */
    abstract static class Of implements Iterable<String> {
        private final List<String> words;

        Of(String... words) {
            this.words = List.of(words);
        }

        @Override
        public Iterator<String> iterator() {
            return words.iterator();
        }
    }

    /** For {@code --output}. */
    static final class Output extends Of {
        Output() {
            super("text", "json");
        }
    }

    /** For {@code backup --type}. */
    static final class BackupTypes extends Of {
        BackupTypes() {
            super("full", "diff", "incr");
        }
    }

    /** For {@code restore --target-action}. */
    static final class Actions extends Of {
        Actions() {
            super("pause", "promote", "shutdown");
        }
    }

    /** For {@code restore --archiving}. */
    static final class Archiving extends Of {
        Archiving() {
            super("continue", "off");
        }
    }

    /** For {@code wal resolve --deliver}. */
    static final class Deliver extends Of {
        Deliver() {
            super("archived", "kept");
        }
    }
}
