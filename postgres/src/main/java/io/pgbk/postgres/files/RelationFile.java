package io.pgbk.postgres.files;

import java.util.Optional;

/**
 * A file name that holds pages of a relation: {@code <relfilenode>[_fsm|_vm|_init][.<segment>]}.
 *
 * <p>Source: PostgreSQL's common/relpath.c and storage/file/reinit.c.
 *
 * @param relfilenode the number of the relation's files, unsigned
 * @param fork which of the relation's forks
 * @param segment the number of the file within the fork; a file has 131072 pages (1 GiB) by default
 */
public record RelationFile(int relfilenode, Fork fork, int segment) {
    /** The forks of a relation. */
    public enum Fork {
        MAIN(""),
        FREE_SPACE_MAP("_fsm"),
        VISIBILITY_MAP("_vm"),
        INIT("_init");

        private final String suffix;

        Fork(String suffix) {
            this.suffix = suffix;
        }

        /** What the fork's name appends to the number. */
        public String suffix() {
            return suffix;
        }
    }

    /** What a file name says, or empty when it is no relation's (a temporary relation's is not either). */
    public static Optional<RelationFile> parse(String name) {
        int digits = digits(name, 0);
        long number = number(name, 0, digits);
        if (number < 1 || number > 0xFFFF_FFFFL || name.charAt(0) == '0') {
            return Optional.empty();
        }
        int dot = name.indexOf('.', digits);
        String suffix = name.substring(digits, dot < 0 ? name.length() : dot);
        long segment = 0;
        if (dot >= 0) {
            int end = digits(name, dot + 1);
            segment = number(name, dot + 1, end);
            if (end != name.length() || segment < 1 || segment > Integer.MAX_VALUE || name.charAt(dot + 1) == '0') {
                return Optional.empty();
            }
        }
        for (Fork fork : Fork.values()) {
            if (fork.suffix.equals(suffix)) {
                return Optional.of(new RelationFile((int) number, fork, (int) segment));
            }
        }
        return Optional.empty();
    }

    /** What the place of a file in a data directory says, or empty when no relation's pages are there. */
    public static Optional<RelationFile> at(RelativePath path) {
        return path.equals(RelativePath.ROOT) || !ExclusionRules.isDatabaseDirectory(path.parent())
                ? Optional.empty()
                : parse(path.name());
    }

    /** Whether this is the name of a temporary relation's file: {@code t<backend>_<relfilenode>[_fork][.<segment>]}. */
    public static boolean isTemporary(String name) {
        if (name.isEmpty() || name.charAt(0) != 't') {
            return false;
        }
        int end = digits(name, 1);
        return end > 1
                && end < name.length()
                && name.charAt(end) == '_'
                && parse(name.substring(end + 1)).isPresent();
    }

    private static int digits(String text, int from) {
        int end = from;
        while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
            end++;
        }
        return end;
    }

    /** The number written there, -1 when there is none or it has more than ten digits. */
    private static long number(String text, int from, int to) {
        if (to == from || to - from > 10) {
            return -1;
        }
        return Long.parseLong(text, from, to, 10);
    }
}
