package io.pgbk.cli.packaging;

import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the classes of a library that nobody can come to: no class outside of the library names them, and none that is
 * come to does. Whatever looks like a name counts, in code, signatures, annotations and texts, with dots or slashes.
 */
final class UnusedClasses {
    private static final String SUFFIX = ".class";

    private UnusedClasses() {}

    /**
     * The names of the files of unused classes.
     *
     * @param entries all files by name
     * @param library the folder of the library's classes, with a slash at the end
     */
    static Set<String> of(Map<String, byte[]> entries, String library) {
        Pattern name = Pattern.compile(Pattern.quote(library).replace("/", "\\E[./]\\Q") + "[\\w$./-]+");
        Set<String> unused = new HashSet<>();
        Deque<String> used = new ArrayDeque<>();
        for (String entry : entries.keySet()) {
            if (entry.endsWith(SUFFIX)) {
                if (entry.startsWith(library)) {
                    unused.add(entry);
                } else {
                    used.add(entry);
                }
            }
        }
        while (!used.isEmpty()) {
            byte[] content = entries.get(used.remove());
            for (PoolEntry constant : ClassFile.of().parse(content).constantPool()) {
                if (constant instanceof Utf8Entry text) {
                    Matcher names = name.matcher(text.stringValue());
                    while (names.find()) {
                        String found = names.group().replace('.', '/') + SUFFIX;
                        if (unused.remove(found)) {
                            used.add(found);
                        }
                    }
                }
            }
        }
        return unused;
    }
}
