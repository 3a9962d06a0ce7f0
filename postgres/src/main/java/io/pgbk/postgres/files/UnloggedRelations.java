package io.pgbk.postgres.files;

import java.util.Arrays;

/**
 * The relfilenodes of one directory that have an init fork. Such a relation is unlogged: recovery makes it anew from
 * the init fork, so that its other forks do not belong to a backup (PostgreSQL's storage/file/reinit.c).
 */
final class UnloggedRelations {
    static final UnloggedRelations NONE = new UnloggedRelations();

    private int[] numbers = new int[0];
    private int count;

    private UnloggedRelations() {}

    /** Looks at every name of a directory. */
    static UnloggedRelations of(NameList names) {
        UnloggedRelations found = new UnloggedRelations();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            if (name.endsWith("_init")) {
                RelationFile.parse(name).ifPresent(file -> found.add(file.relfilenode()));
            }
        }
        Arrays.sort(found.numbers, 0, found.count);
        return found;
    }

    private void add(int number) {
        if (count == numbers.length) {
            numbers = Arrays.copyOf(numbers, Math.max(16, count + (count >> 1)));
        }
        numbers[count++] = number;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** Whether this file is rebuilt by recovery. */
    boolean rebuilds(RelationFile file) {
        return file.fork() != RelationFile.Fork.INIT && Arrays.binarySearch(numbers, 0, count, file.relfilenode()) >= 0;
    }
}
