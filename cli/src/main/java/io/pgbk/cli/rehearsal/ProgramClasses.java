package io.pgbk.cli.rehearsal;

import io.pgbk.cli.hook.HookCache;
import java.io.IOException;
import java.util.List;
import java.util.jar.JarFile;

/** The classes of the program that a rehearsal without a server does not come by: its own, and the driver's. */
final class ProgramClasses {
    private static final List<String> PACKAGES = List.of("io/pgbk/", "org/postgresql/");
    private static final String SUFFIX = ".class";

    private ProgramClasses() {}

    /** Loads them without running anything of them. */
    static void load() throws IOException {
        ClassLoader loader = ProgramClasses.class.getClassLoader();
        try (JarFile jar = new JarFile(HookCache.ofThisProcess().jar().toFile())) {
            jar.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.endsWith(SUFFIX) && PACKAGES.stream().anyMatch(name::startsWith))
                    .map(name ->
                            name.substring(0, name.length() - SUFFIX.length()).replace('/', '.'))
                    .forEach(name -> load(name, loader));
        }
    }

    private static void load(String name, ClassLoader loader) {
        try {
            Class.forName(name, false, loader);
        } catch (ClassNotFoundException | LinkageError e) {
            // It needs a library that is optional and not there: nobody will use it.
        }
    }
}
