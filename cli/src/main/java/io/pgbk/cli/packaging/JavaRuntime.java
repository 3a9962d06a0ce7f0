package io.pgbk.cli.packaging;

import io.pgbk.cli.process.CipherProviderOrder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The Java that the distribution brings: what jlink makes of the Java that builds it. Kept between builds. */
final class JavaRuntime {
    private static final Set<String> JAVA_OPTIONS = Set.of("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS");

    /** jdk.net because the HTTP client fails without it; jdk.httpserver for the rehearsal of the hooks. */
    private static final String MODULES =
            "java.base,java.logging,java.management,java.naming,java.security.jgss,java.sql,"
                    + "java.xml,jdk.crypto.ec,jdk.httpserver,jdk.net,jdk.unsupported";

    private static final List<String> OPTIONS =
            List.of("--strip-debug", "--no-header-files", "--no-man-pages", "--add-modules", MODULES);

    private static final Set<String> KNOWN =
            Set.of("IMPLEMENTOR=", "IMPLEMENTOR_VERSION=", "JAVA_RUNTIME_VERSION=", "LIBC=", "OS_ARCH=", "OS_NAME=");

    private final Path directory;

    /** @param directory where it is, or is made */
    JavaRuntime(Path directory) {
        this.directory = directory;
    }

    /** The runtime; empty, with a warning, when the Java that builds cannot make one. */
    Optional<Path> make() throws IOException, InterruptedException {
        Path made = directory.resolveSibling(directory.getFileName() + ".made-of");
        String origin = System.getProperty("java.vm.vendor") + " " + System.getProperty("java.vm.version") + " "
                + String.join(" ", OPTIONS) + ", ciphers second\n";
        if (Files.exists(made) && Files.readString(made).equals(origin)) {
            return Optional.of(directory);
        }
        Trees.delete(directory);
        Path jlink = Path.of(System.getProperty("java.home"), "bin/jlink");
        if (!Files.isExecutable(jlink)) {
            return none("it has no jlink");
        }
        // In a process of its own: some classes of the result depend on what the JVM did before.
        List<String> command = new ArrayList<>(List.of(jlink.toString()));
        command.addAll(OPTIONS);
        command.addAll(List.of("--output", directory.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        plainEnvironment(builder);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            return none(said.strip());
        }
        describe();
        orderProviders();
        Files.writeString(made, origin);
        return Optional.of(directory);
    }

    /** Whose language, zone and options must not show in what Java writes. */
    static void plainEnvironment(ProcessBuilder builder) {
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("LC_") || JAVA_OPTIONS.contains(name));
        environment.remove("LANGUAGE");
        environment.put("LANG", "C.UTF-8");
        environment.put("TZ", "UTC");
    }

    /** jlink's own release file lacks what the launcher, and who looks for known flaws, want to know. */
    private void describe() throws IOException {
        Path release = directory.resolve("release");
        List<String> lines = new ArrayList<>(Files.readAllLines(release));
        for (String line : Files.readAllLines(Path.of(System.getProperty("java.home"), "release"))) {
            String name = line.substring(0, line.indexOf('=') + 1);
            if (KNOWN.contains(name) && lines.stream().noneMatch(present -> present.startsWith(name))) {
                lines.add(line);
            }
        }
        Files.write(release, lines);
    }

    /**
     * Puts the provider of ciphers where the program wants it, so that it has nothing to change at its start: Java logs
     * changes, and the search for a logger goes through the whole class path.
     */
    private void orderProviders() throws IOException {
        Path file = directory.resolve("conf/security/java.security");
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        List<String> names = lines.stream()
                .filter(JavaRuntime::isProvider)
                .map(line -> line.substring(line.indexOf('=') + 1).strip())
                .toList();
        List<String> ordered = CipherProviderOrder.of(names);
        int next = 0;
        for (int i = 0; i < lines.size(); i++) {
            if (isProvider(lines.get(i))) {
                lines.set(i, lines.get(i).substring(0, lines.get(i).indexOf('=') + 1) + ordered.get(next));
                next++;
            }
        }
        Files.write(file, lines);
    }

    private static boolean isProvider(String line) {
        return line.matches("security\\.provider\\.[0-9]+=.*");
    }

    /** What its release file says, by name and without quotation marks. */
    Map<String, String> release() throws IOException {
        Map<String, String> values = new TreeMap<>();
        for (String line : Files.readAllLines(directory.resolve("release"))) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                values.put(line.substring(0, equals), line.substring(equals + 1).replace("\"", ""));
            }
        }
        return values;
    }

    private static Optional<Path> none(String why) {
        System.err.println("warning: the distribution is made without a Java of its own: this Java "
                + System.getProperty("java.home") + " cannot make one: " + why);
        return Optional.empty();
    }
}
