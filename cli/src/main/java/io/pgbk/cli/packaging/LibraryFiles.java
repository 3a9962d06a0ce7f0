package io.pgbk.cli.packaging;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** What the distribution takes out of the libraries' jars: native libraries for this kind of machine, and licences. */
final class LibraryFiles {
    private final List<Path> jars;

    LibraryFiles(List<Path> jars) {
        this.jars = jars;
    }

    /** Unpacks native libraries below their paths in the jars, so that no process unpacks them at each start. */
    void unpackNative(Path directory, String architecture) throws IOException {
        for (Path jar : jars) {
            unpack(
                    jar,
                    name -> name.endsWith(".so")
                                    && !name.startsWith("META-INF/")
                                    && (name.startsWith("com/amazon/")
                                            || name.startsWith("linux/" + architecture + "/"))
                            ? directory.resolve(name)
                            : null);
        }
    }

    /**
     * Copies licence texts and notices into one folder per library. Of the libraries whose jars have none, and whose
     * licences ask for more than to be named, the texts are resources of this package.
     */
    void copyLicences(Path directory) throws IOException {
        for (Path jar : jars) {
            String library = jar.getFileName().toString().replaceFirst("\\.jar$", "");
            Path folder = directory.resolve(library);
            unpack(jar, name -> isLicence(name) ? folder.resolve(baseName(name)) : null);
            try (InputStream text = LibraryFiles.class.getResourceAsStream(
                    "licences/" + library.replaceFirst("-[0-9].*", "") + ".txt")) {
                if (text != null && !Files.exists(folder)) {
                    Files.createDirectories(folder);
                    Files.copy(text, folder.resolve("LICENSE.txt"));
                }
            }
        }
    }

    private static boolean isLicence(String name) {
        String base = baseName(name).toUpperCase(Locale.ROOT);
        boolean near = name.indexOf('/') < 0 || name.startsWith("META-INF/");
        return near
                && !name.endsWith(".class")
                && (base.startsWith("LICENSE") || base.startsWith("LICENCE") || base.startsWith("NOTICE"));
    }

    private static String baseName(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    private interface Target {
        @org.jspecify.annotations.Nullable Path of(String name);
    }

    private static void unpack(Path jar, Target target) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            Iterator<? extends ZipEntry> all = zip.entries().asIterator();
            while (all.hasNext()) {
                ZipEntry entry = all.next();
                Path file = entry.isDirectory() ? null : target.of(entry.getName());
                if (file != null && !Files.exists(file)) {
                    Files.createDirectories(file.getParent());
                    try (InputStream content = zip.getInputStream(entry)) {
                        Files.copy(content, file);
                    }
                }
            }
        }
    }
}
