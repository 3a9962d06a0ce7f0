package io.pgbk.cli.config;

/** Where the value of a configuration key comes from. */
public sealed interface Origin {
    /** How people name the place, for example {@code /etc/pgbk/pgbk.yaml:12}. */
    String describe();

    /** A line, counted from 1, of the configuration file. */
    record FileLine(String file, int line) implements Origin {
        @Override
        public String describe() {
            return file + ":" + line;
        }
    }

    /** A variable of the environment. */
    record Environment(String variable) implements Origin {
        @Override
        public String describe() {
            return "environment " + variable;
        }
    }

    /** An option of the command line. */
    record CommandLine(String option) implements Origin {
        @Override
        public String describe() {
            return "option " + option;
        }
    }

    /** Nothing was said; pgbk's own choice. */
    record Default() implements Origin {
        @Override
        public String describe() {
            return "default";
        }
    }
}
