package io.pgbk.cli.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.cli.hook.HookCache;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher is under test; a shell script takes the place of the java binary and plays its ends. */
class LauncherTest {
    @TempDir
    Path directory;

    private Path home;
    private Path java;
    private Path data;

    @BeforeEach
    void install() throws IOException {
        home = Files.createDirectories(directory.resolve("opt/pg bk"));
        Files.createDirectories(home.resolve("bin"));
        Files.createDirectories(home.resolve("lib"));
        Files.writeString(home.resolve("lib/pgbk.jar"), "");
        Files.copy(Path.of("src/main/dist/bin/pgbk"), home.resolve("bin/pgbk"));
        executable(home.resolve("bin/pgbk"));
        java = Files.createDirectories(directory.resolve("java 25"));
        javaPlays("exit 120");
        Files.createDirectories(directory.resolve("data/pg_wal"));
        data = directory.resolve("data");
    }

    static Stream<Arguments> archiveGet() {
        List<Arguments> cases = new ArrayList<>();
        for (String signal : List.of("", "recovery.signal", "standby.signal")) {
            int failure = signal.equals("standby.signal") ? 100 : 255;
            cases.add(Arguments.of("exit 120", signal, 0));
            cases.add(Arguments.of("exit 121", signal, 1));
            cases.add(Arguments.of("exit 143", signal, 143));
            cases.add(Arguments.of("kill -TERM $$", signal, 143));
            for (String end : List.of(
                    "exit 0",
                    "exit 1",
                    "exit 2",
                    "exit 3",
                    "exit 11",
                    "exit 40",
                    "exit 80",
                    "exit 90",
                    "exit 100",
                    "exit 127",
                    "exit 134",
                    "exit 255",
                    "kill -KILL $$",
                    "kill -ABRT $$",
                    "kill -SEGV $$")) {
                cases.add(Arguments.of(end, signal, failure));
            }
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "java ends with [{0}], [{1}] is there: {2}")
    @MethodSource("archiveGet")
    void archiveGetSaysAbsentOnlyWhenThatWasProved(String end, String signal, int expected) throws Exception {
        javaPlays(end);
        Files.createFile(data.resolve("PG_VERSION"));
        if (!signal.isEmpty()) {
            Files.createFile(data.resolve(signal));
        }

        Outcome outcome = run("sh", data, Map.of(), "archive-get", "000000010000000000000001", "pg_wal/RECOVERYXLOG");

        assertThat(outcome.status()).isEqualTo(expected);
    }

    static Stream<Arguments> archivePush() {
        return Stream.of(
                Arguments.of("exit 120", 0),
                Arguments.of("exit 0", 90),
                Arguments.of("exit 1", 90),
                Arguments.of("exit 3", 90),
                Arguments.of("exit 2", 2),
                Arguments.of("exit 31", 31),
                Arguments.of("exit 90", 90),
                Arguments.of("exit 121", 90),
                Arguments.of("exit 143", 80),
                Arguments.of("exit 255", 90),
                Arguments.of("kill -TERM $$", 80),
                Arguments.of("kill -KILL $$", 90),
                Arguments.of("kill -SEGV $$", 90));
    }

    @ParameterizedTest(name = "java ends with [{0}]: {1}")
    @MethodSource("archivePush")
    void archivePushNeverEndsAbove125AndSucceedsOnlyWhenPgbkSaysSo(String end, int expected) throws Exception {
        javaPlays(end);

        assertThat(run("sh", data, Map.of(), "wal-push", "pg_wal/000000010000000000000001")
                        .status())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sh", "dash", "bash", "busybox sh"})
    void everyPosixShellWillDo(String shell) throws Exception {
        assumeThat(isInstalled(shell)).as(shell + " is installed").isTrue();
        javaPlays("exit 121");

        assertThat(run(shell, data, Map.of(), "archive-get", "N", "pg_wal/D").status())
                .isEqualTo(1);
        javaPlays("exit 40");
        assertThat(run(shell, data, Map.of(), "archive-get", "N", "pg_wal/D").status())
                .isEqualTo(255);
        javaPlays("exit 7");
        assertThat(run(shell, data, Map.of(), "info").status()).isEqualTo(7);
    }

    @Test
    void archiveGetCalledFromElsewhereLooksBesideTheDestination() throws Exception {
        javaPlays("exit 40");
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        String destination = data.resolve("pg_wal/RECOVERYXLOG").toString();

        assertThat(run("sh", elsewhere, Map.of(), "archive-get", "N", destination)
                        .status())
                .isEqualTo(255);
        Files.createFile(data.resolve("standby.signal"));
        assertThat(run("sh", elsewhere, Map.of(), "archive-get", "N", destination)
                        .status())
                .isEqualTo(100);
        assertThat(run("sh", data.resolve("pg_wal"), Map.of(), "archive-get", "N", "RECOVERYXLOG")
                        .status())
                .isEqualTo(100);
    }

    @Test
    void archiveGetWithoutJavaIsAFailureAndNotAbsence() throws Exception {
        Map<String, String> noJava =
                Map.of("PGBK_JAVA_HOME", directory.resolve("none").toString());

        Outcome outcome = run("sh", data, noJava, "archive-get", "N", "pg_wal/D");

        assertThat(outcome.status()).isEqualTo(255);
        assertThat(outcome.stderr())
                .contains("error: PGBK_JAVA_HOME does not name a Java 25")
                .contains("hint: ");
        assertThat(run("sh", data, noJava, "archive-push", "pg_wal/N").status()).isEqualTo(2);
        assertThat(run("sh", data, noJava, "--output", "json", "info").stderr())
                .contains("{\"error\":{\"code\":\"configuration\",\"exit\":2,");
    }

    @Test
    void archiveGetWithAnIncompleteInstallationIsAFailureAndNotAbsence() throws Exception {
        Files.delete(home.resolve("lib/pgbk.jar"));

        assertThat(run("sh", data, Map.of(), "archive-get", "N", "pg_wal/D").status())
                .isEqualTo(255);
        assertThat(run("sh", data, Map.of(), "archive-push", "pg_wal/N").status())
                .isEqualTo(90);
    }

    @ParameterizedTest
    @ValueSource(strings = {"archive-get", "archive-push"})
    void aSignalIsForwardedAndTheEndIsAwaited(String command) throws Exception {
        Path ended = directory.resolve("ended");
        javaWaitsForASignalAnd("echo done > \"" + ended + "\"; exit 143");

        assertThat(statusAfterSignal(Map.of(), command)).isEqualTo(command.equals("archive-get") ? 143 : 80);
        assertThat(ended).exists();
    }

    /** As a JVM does when the signal comes while it starts. */
    @ParameterizedTest
    @ValueSource(strings = {"exit 1", "exit 122", "kill -KILL $$", "kill -SEGV $$"})
    void whateverEndsAStoppedJvmItWasStopped(String end) throws Exception {
        Files.writeString(home.resolve("lib/pgbk-9-0123.aot"), "");
        javaWaitsForASignalAnd(end);
        ownJava();

        for (Map<String, String> environment : List.of(Map.of("PGBK_JAVA_HOME", ""), Map.<String, String>of())) {
            assertThat(statusAfterSignal(environment, "archive-get")).isEqualTo(143);
            assertThat(statusAfterSignal(environment, "archive-push")).isEqualTo(80);
        }
    }

    @Test
    void whatPgbkSaysAfterASignalStands() throws Exception {
        javaWaitsForASignalAnd("exit 120");
        assertThat(statusAfterSignal(Map.of(), "archive-push")).isZero();
        javaWaitsForASignalAnd("exit 121");
        assertThat(statusAfterSignal(Map.of(), "archive-get")).isEqualTo(1);
        javaWaitsForASignalAnd("exit 40");
        assertThat(statusAfterSignal(Map.of(), "archive-get")).isEqualTo(255);
        assertThat(statusAfterSignal(Map.of(), "archive-push")).isEqualTo(40);
    }

    private void javaWaitsForASignalAnd(String end) throws IOException {
        javaPlays("trap '" + end + "' TERM\n: > \"" + directory.resolve("ready") + "\"\nwhile :; do sleep 0.05; done");
    }

    private int statusAfterSignal(Map<String, String> environment, String command) throws Exception {
        Path ready = directory.resolve("ready");
        Files.deleteIfExists(ready);
        Process process = start("sh", data, environment, List.of(command, "000000010000000000000001", "pg_wal/D"));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!Files.exists(ready) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }

        process.destroy();

        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Test
    void theHomeIsFoundThroughSymbolicLinks() throws Exception {
        javaPlays("printf '%s\\n' \"$@\"; exit 5");
        Path bin = Files.createDirectories(directory.resolve("usr/local/bin"));
        Files.createSymbolicLink(bin.resolve("second"), home.resolve("bin/pgbk"));
        Files.createSymbolicLink(bin.resolve("pgbk"), Path.of("second"));

        ProcessBuilder builder = new ProcessBuilder(bin.resolve("pgbk").toString(), "info").directory(data.toFile());
        builder.environment().put("PGBK_JAVA_HOME", java.toString());
        Process process = builder.start();
        String arguments = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(arguments)
                .contains("-Dpgbk.launcher=" + bin.resolve("pgbk"))
                .contains("-Dsun.jnu.encoding=ISO-8859-1")
                .endsWith("io.pgbk.cli.Main\ninfo\n");
    }

    @Test
    void argumentsAreHandedOnAsTheyAreAndJavaOptionsOfOthersAreNot() throws Exception {
        javaPlays(
                "printf '[%s]' \"${JAVA_TOOL_OPTIONS:-}${_JAVA_OPTIONS:-}${JDK_JAVA_OPTIONS:-}${CLASSPATH:-}\" \"$@\"");

        Outcome outcome = run(
                "sh",
                data,
                Map.of(
                        "JAVA_TOOL_OPTIONS", "-Dx",
                        "_JAVA_OPTIONS", "-Dx",
                        "JDK_JAVA_OPTIONS", "-version",
                        "CLASSPATH", "/x",
                        "PGBK_JAVA_OPTIONS", "-Xmx99m -Dmine=1"),
                "annotate",
                "a b",
                "k=*\n$(id)`id`\"'",
                "");

        assertThat(outcome.stdout())
                .startsWith("[][")
                .contains("[-Xmx99m][-Dmine=1]")
                .endsWith("[annotate][a b][k=*\n$(id)`id`\"'][]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"archive-push", "archive-get", "backup", "restore", "info"})
    void noCommandRunsWithTheFirstCompilerOnly(String command) throws Exception {
        javaPlays("printf '[%s]' \"$@\"");

        assertThat(run("sh", data, Map.of(), command, "a", "b").stdout())
                .contains("[-XX:-UsePerfData]")
                .contains("[-Djdk.util.jar.enableMultiRelease=false]")
                .doesNotContain("TieredStopAtLevel");
    }

    @ParameterizedTest
    @ValueSource(strings = {"archive-get", "archive-push"})
    void aStaleCacheCostsASecondStartAndNeverDecides(String command) throws Exception {
        Files.writeString(home.resolve("lib/pgbk-9-0123.aot"), "");
        javaPlays("case \"$*\" in *-XX:AOTCache=*-Dpgbk.hook-cache=pgbk-9-0123.aot*) exit 122 ;; esac; exit 120");
        ownJava();

        assertThat(run("sh", data, Map.of("PGBK_JAVA_HOME", ""), command, "000000010000000000000001", "pg_wal/D")
                        .status())
                .isZero();

        javaPlays("exit 122");
        ownJava();
        assertThat(run("sh", data, Map.of("PGBK_JAVA_HOME", ""), command, "000000010000000000000001", "pg_wal/D")
                        .status())
                .isEqualTo(command.equals("archive-get") ? 255 : 90);
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit 1", "kill -ILL $$", "kill -ABRT $$", "kill -BUS $$", "kill -FPE $$", "kill -SEGV $$"})
    void aDamagedCacheThatEndsTheJvmCostsASecondStartAndNeverDecides(String end) throws Exception {
        Files.writeString(home.resolve("lib/pgbk-9-0123.aot"), "");
        javaPlays("case \"$*\" in *-XX:AOTCache=*) " + end + " ;; esac; exit 121");
        ownJava();

        assertThat(run("sh", data, Map.of("PGBK_JAVA_HOME", ""), "archive-get", "N", "pg_wal/D")
                        .status())
                .isEqualTo(1);
        javaPlays(end);
        ownJava();
        assertThat(run("sh", data, Map.of("PGBK_JAVA_HOME", ""), "archive-get", "N", "pg_wal/D")
                        .status())
                .isEqualTo(255);
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit 2", "exit 31", "exit 90", "kill -KILL $$"})
    void whatPgbkItselfSaysIsNotAskedTwice(String end) throws Exception {
        Files.writeString(home.resolve("lib/pgbk-9-0123.aot"), "");
        javaPlays("case \"$*\" in *-XX:AOTCache=*) " + end + " ;; esac; exit 120");
        ownJava();

        assertThat(run("sh", data, Map.of("PGBK_JAVA_HOME", ""), "archive-push", "pg_wal/N")
                        .status())
                .isNotZero();
    }

    @Test
    void aCacheIsUsedOnlyWithTheJavaThatItWasMadeFor() throws Exception {
        Files.writeString(home.resolve("lib/pgbk-9-0123.aot"), "");
        javaPlays("printf '[%s]' \"$@\"; exit 120");

        assertThat(run("sh", data, Map.of(), "archive-push", "pg_wal/N").stdout())
                .contains("[archive-push]")
                .doesNotContain("AOTCache");
        ownJava();
        assertThat(run("sh", data, Map.of("PGBK_JAVA_HOME", ""), "archive-push", "pg_wal/N")
                        .stdout())
                .contains("[-XX:AOTCache=" + home.resolve("lib/pgbk-9-0123.aot") + "]");
    }

    /** Nobody starts these again without it. */
    @ParameterizedTest
    @ValueSource(strings = {"backup", "restore", "verify", "copy", "info", "check"})
    void allOtherCommandsUseACacheThatIsNamedByTheInstalledProgramAndNoOther(String command) throws Exception {
        jar("one");
        javaPlays("printf '[%s]' \"$@\"");
        ownJava();
        Path cache = Files.writeString(home.resolve("lib").resolve(cacheName()), "");
        String option = "[-XX:AOTCache=" + cache + "]";
        assertThat(startWithOwnJava(command)).contains("[" + command + "]").contains(option);

        jar("two");
        assertThat(startWithOwnJava(command)).as("another program").doesNotContain("AOTCache");
        jar("one");
        assertThat(startWithOwnJava(command)).contains(option);
        Files.writeString(home.resolve("runtime/release"), "PATCHED=\"yes\"\n", StandardOpenOption.APPEND);
        assertThat(startWithOwnJava(command)).as("another Java").doesNotContain("AOTCache");
        ownJava();
        Files.writeString(home.resolve("bin/pgbk"), "\n", StandardOpenOption.APPEND);
        assertThat(startWithOwnJava(command)).as("another launcher").doesNotContain("AOTCache");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "0-",
                "-",
                "7-0123",
                "7-01234567890123456789012345678901",
                "7-01234567890123456789012345678901-0123456789abcde",
                "7-01234567890123456789012345678901-0123456789abcdef-0",
                "x-01234567890123456789012345678901",
                "-5-????????????????????????????????"
            })
    void aCacheOfAnImpossibleNameIsNotUsed(String name) throws Exception {
        jar("one");
        javaPlays("printf '[%s]' \"$@\"");
        ownJava();
        Files.writeString(home.resolve("lib/pgbk-" + name + ".aot"), "");

        assertThat(startWithOwnJava("info")).contains("[info]").doesNotContain("AOTCache");
    }

    private String startWithOwnJava(String command) throws Exception {
        return run("sh", data, Map.of("PGBK_JAVA_HOME", ""), command).stdout();
    }

    private String cacheName() throws IOException {
        return new HookCache(home.resolve("lib/pgbk.jar"), home.resolve("bin/pgbk"), home.resolve("runtime/release"))
                .fileName();
    }

    private void jar(String content) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(home.resolve("lib/pgbk.jar")))) {
            ZipEntry entry = new ZipEntry("A.class");
            entry.setTime(0);
            zip.putNextEntry(entry);
            zip.write(content.getBytes(StandardCharsets.UTF_8));
            zip.closeEntry();
        }
    }

    /** Puts the java that plays into the installation, as its own runtime. */
    private void ownJava() throws IOException {
        Files.createDirectories(home.resolve("runtime/bin"));
        Files.copy(java.resolve("release"), home.resolve("runtime/release"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(java.resolve("bin/java"), home.resolve("runtime/bin/java"), StandardCopyOption.REPLACE_EXISTING);
        executable(home.resolve("runtime/bin/java"));
    }

    @Test
    void globalOptionsMayStandBeforeAHook() throws Exception {
        javaPlays("exit 121");

        assertThat(run("sh", data, Map.of(), "--config", "/x", "-v", "--output=json", "archive-get", "N", "pg_wal/D")
                        .status())
                .isEqualTo(1);
    }

    private record Outcome(int status, String stdout, String stderr) {}

    private Outcome run(String shell, Path workingDirectory, Map<String, String> environment, String... arguments)
            throws Exception {
        Process process = start(shell, workingDirectory, environment, List.of(arguments));
        String stdout = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String stderr = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), stdout, stderr);
    }

    private Process start(String shell, Path workingDirectory, Map<String, String> environment, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(shell.split(" ", -1)));
        command.add(home.resolve("bin/pgbk").toString());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(workingDirectory.toFile());
        String path = System.getenv("PATH");
        builder.environment().clear();
        builder.environment().putAll(Map.of("PATH", path, "PGBK_JAVA_HOME", java.toString()));
        builder.environment().putAll(environment);
        return builder.start();
    }

    private void javaPlays(String script) throws IOException {
        Files.createDirectories(java.resolve("bin"));
        Files.writeString(java.resolve("release"), "JAVA_VERSION=\"25.0.3\"\nOS_ARCH=\"x86_64\"\n");
        Files.writeString(java.resolve("bin/java"), "#!/bin/sh\n" + script + "\n");
        executable(java.resolve("bin/java"));
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static boolean isInstalled(String shell) {
        return Stream.of("/bin", "/usr/bin")
                .anyMatch(bin -> Files.isExecutable(Path.of(bin, shell.replaceFirst(" .*", ""))));
    }
}
