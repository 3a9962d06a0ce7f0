package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cache from which the hooks and all other commands start, on a distribution as it was built. */
class HookCacheTest {
    /** A hook, which asks itself whether the cache is current, and one of the others, for which the launcher asks. */
    private static final List<List<String>> COMMANDS = List.of(List.of("archive-push", "pg_wal/N"), List.of("info"));

    private static final String CLASS = "io/pgbk/cli/Main.class";

    @Test
    void theHooksStartFromTheCacheThatWasBuiltAlsoWhereItWasCopiedTo() {
        // With this option a Java that could not use the cache would not start at all.
        CommandOutcome outcome = push(Distribution.home(), Map.of("PGBK_JAVA_OPTIONS", "-XX:AOTMode=on"));

        assertThat(outcome.stderr()).contains("/nowhere.yaml");
        assertThat(outcome.exit()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"backup", "info"})
    void theOtherCommandsLoadHardlyAnyClassFromTheJar(String command) {
        CommandOutcome outcome = AsPostgres.run(
                List.of(Distribution.home().resolve("bin/pgbk").toString(), "--config", "/nowhere.yaml", command),
                Map.of("PGBK_JAVA_OPTIONS", "-Xlog:class+load=info:stdout"),
                Path.of("/"),
                Duration.ofMinutes(1));

        assertThat(outcome.stderr()).contains("/nowhere.yaml");
        assertThat(outcome.stdout().lines().filter(line -> line.contains("io.pgbk.")))
                .anyMatch(line -> line.contains("source: shared objects file"))
                .noneMatch(line -> line.contains("pgbk.jar"));
    }

    /** JDK-8377932: a JVM can go on running the classes of a jar that is no longer there. */
    @Test
    void aReplacedProgramIsTheOneThatRunsAlthoughTheCacheIsOfTheOldOne() throws IOException {
        List<CommandOutcome> outcomes = outcomesFrom((file, copy) -> {
            boolean isProgram = file.endsWith("pgbk.jar");
            if (isProgram) {
                swapMain(file, copy);
                Files.setLastModifiedTime(copy, Files.getLastModifiedTime(file));
            }
            return isProgram;
        });

        assertThat(outcomes).hasSize(COMMANDS.size()).allSatisfy(outcome -> {
            assertThat(outcome.stderr()).isEqualTo("the new program\n");
            assertThat(outcome.exit()).isEqualTo(31);
        });
    }

    @Test
    void anotherLauncherAndAnotherJavaRunWithoutTheOldCache() throws IOException {
        assertThatItRuns(outcomesFrom((file, copy) -> append(file, copy, "bin/pgbk", "\n")));
        assertThatItRuns(outcomesFrom((file, copy) -> append(file, copy, "runtime/release", "PATCHED=\"yes\"\n")));
    }

    @Test
    void aCacheThatIsNoneIsCutOffOrEmptyDoesNoHarm() throws IOException {
        for (int kept : new int[] {0, 1000, 4 << 20}) {
            assertThatItRuns(outcomesFrom((file, copy) -> {
                boolean isCache = file.toString().endsWith(".aot");
                if (isCache) {
                    Files.write(copy, Arrays.copyOf(Files.readAllBytes(file), kept));
                }
                return isCache;
            }));
        }
        assertThatItRuns(outcomesFrom((file, copy) -> {
            boolean isCache = file.toString().endsWith(".aot");
            if (isCache) {
                Files.writeString(copy, "this is certainly no cache\n".repeat(10_000));
            }
            return isCache;
        }));
    }

    /** A processor without the newest instructions, and what people put into PGBK_JAVA_OPTIONS. */
    @ParameterizedTest
    @ValueSource(
            strings = {"-XX:UseAVX=0", "-XX:-UseCompressedOops", "-XX:+UseCompactObjectHeaders", "-Xmx64m", "-Xint"})
    void anotherProcessorAndOtherFlagsDoNotChangeTheResult(String options) {
        assertThatItRuns(outcomes(Distribution.home(), Map.of("PGBK_JAVA_OPTIONS", options)));
    }

    private static void assertThatItRuns(List<CommandOutcome> outcomes) {
        assertThat(outcomes).hasSize(COMMANDS.size()).allSatisfy(outcome -> {
            assertThat(outcome.stderr()).startsWith("error: ").contains("/nowhere.yaml");
            assertThat(outcome.stdout()).isEmpty();
            assertThat(outcome.exit()).isEqualTo(2);
        });
    }

    private static boolean append(Path file, Path copy, String name, String text) throws IOException {
        if (!file.endsWith(name)) {
            return false;
        }
        Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(copy, text, StandardOpenOption.APPEND);
        return true;
    }

    /** Puts another file into the place of a copy, or leaves it to be the old one. */
    private interface Change {
        boolean replaces(Path file, Path copy) throws IOException;
    }

    /** Calls the commands of an installation that is the built one except for a change. */
    private static List<CommandOutcome> outcomesFrom(Change change) throws IOException {
        Path home = AsPostgres.temporaryDirectory("altered-");
        try {
            link(Distribution.home(), home, change);
            for (String folder : List.of("bin", "lib")) {
                link(Distribution.home().resolve(folder), Files.createDirectory(home.resolve(folder)), change);
            }
            linkRuntime(Distribution.home().resolve("runtime"), home.resolve("runtime"), change);
            AsPostgres.own(home);
            return outcomes(home, Map.of());
        } finally {
            AsPostgres.deleteTree(home);
        }
    }

    /** By hard links, because Java looks for its home where its files really are. */
    private static void linkRuntime(Path from, Path to, Change change) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path here = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectory(here);
                } else if (!change.replaces(file, here)) {
                    Files.createLink(here, file);
                }
            }
        }
    }

    private static void link(Path from, Path to, Change change) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Path here = to.resolve(file.getFileName().toString());
                if (file.endsWith("bin/pgbk") && !change.replaces(file, here)) {
                    Files.copy(file, here, StandardCopyOption.COPY_ATTRIBUTES);
                } else if (!Files.exists(here)
                        && !List.of("bin", "lib", "runtime")
                                .contains(Distribution.home().relativize(file).toString())
                        && !change.replaces(file, here)) {
                    Files.createSymbolicLink(here, file);
                }
            }
        }
    }

    private static CommandOutcome push(Path home, Map<String, String> environment) {
        return run(home, environment, COMMANDS.getFirst());
    }

    private static List<CommandOutcome> outcomes(Path home, Map<String, String> environment) {
        return COMMANDS.stream().map(command -> run(home, environment, command)).toList();
    }

    private static CommandOutcome run(Path home, Map<String, String> environment, List<String> command) {
        List<String> words = new ArrayList<>(List.of(home.resolve("bin/pgbk").toString(), "--config", "/nowhere.yaml"));
        words.addAll(command);
        return AsPostgres.run(words, environment, Path.of("/"), Duration.ofMinutes(1));
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
