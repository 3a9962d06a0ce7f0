package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** The cache from which the hooks start, on a distribution as it was built. */
class HookCacheTest {
    private static final String CLASS = "io/pgbk/cli/Main.class";

    @Test
    void theHooksStartFromTheCacheThatWasBuiltAlsoWhereItWasCopiedTo() {
        // With this option a Java that could not use the cache would not start at all.
        CommandOutcome outcome = push(Distribution.home(), Map.of("PGBK_JAVA_OPTIONS", "-XX:AOTMode=on"));

        assertThat(outcome.stderr()).contains("/nowhere.yaml");
        assertThat(outcome.exit()).isEqualTo(2);
    }

    /** JDK-8377932: a JVM can go on running the classes of a jar that is no longer there. */
    @Test
    void aReplacedProgramIsTheOneThatRunsAlthoughTheCacheIsOfTheOldOne() throws IOException {
        Path home = AsPostgres.temporaryDirectory("swapped-");
        try {
            Path original = Distribution.home();
            Files.createDirectories(home.resolve("lib"));
            Files.createDirectories(home.resolve("bin"));
            Files.copy(original.resolve("bin/pgbk"), home.resolve("bin/pgbk"));
            Files.createSymbolicLink(home.resolve("runtime"), original.resolve("runtime"));
            try (Stream<Path> files = Files.list(original.resolve("lib"))) {
                for (Path file : files.toList()) {
                    Path here = home.resolve("lib").resolve(file.getFileName().toString());
                    if (file.endsWith("pgbk.jar")) {
                        swapMain(file, here);
                        Files.setLastModifiedTime(here, Files.getLastModifiedTime(file));
                    } else {
                        Files.createSymbolicLink(here, file);
                    }
                }
            }
            AsPostgres.own(home);

            CommandOutcome outcome = push(home, Map.of());

            assertThat(outcome.stderr()).isEqualTo("the new program\n");
            assertThat(outcome.exit()).isEqualTo(31);
        } finally {
            AsPostgres.deleteTree(home);
        }
    }

    private static CommandOutcome push(Path home, Map<String, String> environment) {
        return AsPostgres.run(
                List.of(home.resolve("bin/pgbk").toString(), "--config", "/nowhere.yaml", "archive-push", "pg_wal/N"),
                environment,
                Path.of("/"),
                Duration.ofMinutes(1));
    }

    private static void swapMain(Path jar, Path copy) throws IOException {
        byte[] main = compileMain();
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(jar));
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(copy))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(entry.getName().equals(CLASS) ? main : in.readAllBytes());
                out.closeEntry();
            }
        }
    }

    private static byte[] compileMain() throws IOException {
        Path classes = Files.createTempDirectory("pgbk-swapped-main-");
        try {
            JavaFileObject source =
                    new SimpleJavaFileObject(
                            URI.create("string:///io/pgbk/cli/Main.java"), JavaFileObject.Kind.SOURCE) {
                        @Override
                        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                            return """
                                    package io.pgbk.cli;
                                    public class Main {
                                        public static void main(String[] args) {
                                            System.err.println("the new program");
                                            System.exit(31);
                                        }
                                    }
                                    """;
                        }
                    };
            boolean compiled = ToolProvider.getSystemJavaCompiler()
                    .getTask(null, null, null, List.of("-d", classes.toString()), null, List.of(source))
                    .call();
            assertThat(compiled).isTrue();
            return Files.readAllBytes(classes.resolve(CLASS));
        } finally {
            AsPostgres.deleteTree(classes);
        }
    }
}
