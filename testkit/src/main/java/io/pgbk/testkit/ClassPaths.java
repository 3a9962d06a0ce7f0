package io.pgbk.testkit;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Path;
import java.util.Objects;

/** Where on the class path something was found. */
final class ClassPaths {
    private ClassPaths() {}

    /** The jar or the directory that holds the resource (an absolute resource name). */
    static Path locationOf(String resource) throws IOException {
        URL url = Objects.requireNonNull(ClassPaths.class.getResource(resource), resource);
        URLConnection connection = url.openConnection();
        if (connection instanceof JarURLConnection jar) {
            return Path.of(URI.create(jar.getJarFileURL().toString()));
        }
        Path file = Path.of(URI.create(url.toString()));
        for (int i = 0; i < resource.substring(1).split("/").length; i++) {
            file = Objects.requireNonNull(file.getParent());
        }
        return file;
    }
}
