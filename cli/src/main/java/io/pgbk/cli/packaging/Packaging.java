package io.pgbk.cli.packaging;

import io.pgbk.cli.command.Commands;
import io.pgbk.cli.process.ProcessContext;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.AutoComplete;
import picocli.CommandLine;

/**
 * Makes the distribution: {@code bin/pgbk}, {@code lib} with the program in one jar and native libraries, {@code runtime}
 * with its own Java, and the cache from which the hooks start. Started by the build with the class path of the program.
 */
public final class Packaging {
    private static final String MAIN_CLASS = "io.pgbk.cli.Main";

    private final Path module;
    private final String version;
    private final Instant time;
    private final Path home;

    private Packaging(Path module, String version, Instant time) {
        this.module = module;
        this.version = version;
        this.time = time;
        this.home = module.resolve("target/pgbk");
    }

    /**
     * Arguments: the folder of the module, the version, the time that every file gets, and whether ({@code true}) the
     * files to publish are made too.
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Packaging packaging =
                new Packaging(Path.of(args[0]).toAbsolutePath().normalize(), args[1], Instant.parse(args[2]));
        packaging.makeDistribution();
        if (Boolean.parseBoolean(args[3])) {
            packaging.makePackages();
        }
    }

    private void makePackages() throws IOException {
        Path target = module.resolve("target");
        for (String pattern : List.of("pgbk-*-linux-*.tar.gz", "pgbk_*.deb")) {
            try (DirectoryStream<Path> old = Files.newDirectoryStream(target, pattern)) {
                for (Path file : old) {
                    Files.delete(file);
                }
            }
        }
        boolean isAmd64 = System.getProperty("os.arch").equals("amd64");
        CommandLine program = Commands.build(ProcessContext.ofThisProcess());
        Packages packages = new Packages(version, time, home);
        packages.writeTar(target.resolve("pgbk-" + version + "-linux-" + (isAmd64 ? "x86_64" : "aarch64") + ".tar.gz"));
        String debian = isAmd64 ? "amd64" : "arm64";
        packages.writeDeb(
                target.resolve("pgbk_" + version + "_" + debian + ".deb"),
                debian,
                ManualPages.of(program, version, time),
                AutoComplete.bash("pgbk", program));
    }

    private void makeDistribution() throws IOException, InterruptedException {
        Trees.delete(home);
        Trees.copy(module.resolve("src/main/dist"), home);
        List<Path> libraries = Stream.of(System.getProperty("java.class.path").split(":", -1))
                .filter(entry -> entry.endsWith(".jar"))
                .map(Path::of)
                .toList();
        List<Path> jars = new ArrayList<>(List.of(module.resolve("target/pgbk-cli-" + version + ".jar")));
        jars.addAll(libraries);
        new ProgramJar(jars).write(home.resolve("lib/pgbk.jar"), MAIN_CLASS, version, time);
        LibraryFiles files = new LibraryFiles(libraries);
        files.unpackNative(home.resolve("lib/native"), System.getProperty("os.arch"));
        files.copyLicences(home.resolve("share/licences"));
        Path components = module.resolve("target/bom.json");
        if (Files.exists(components)) {
            Files.copy(components, home.resolve("share/sbom.cdx.json"));
        }
        Optional<Path> runtime = new JavaRuntime(module.resolve("target/runtime")).make();
        if (runtime.isPresent()) {
            Trees.copy(runtime.get(), home.resolve("runtime"));
        }
        Trees.normalise(home, FileTime.from(time));
        if (runtime.isPresent()) {
            // Behind the times, because the archive of Java's own classes remembers that of the file it was made from.
            run("runtime/bin/java", "-Xshare:dump");
        }
        run("lib/make-hook-cache");
    }

    private void run(String program, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(home.resolve(program).toString()));
        command.addAll(List.of(arguments));
        Path log = module.resolve("target/packaging.log");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        // The Java that builds serves a distribution that has none.
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        if (builder.start().waitFor() != 0) {
            throw new IOException(program + " failed:\n" + Files.readString(log));
        }
    }
}
