package io.pgbk.cli.packaging;

import io.pgbk.cli.command.Commands;
import io.pgbk.cli.process.ProcessContext;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.AutoComplete;
import picocli.CommandLine;

/**
 * Makes the distribution: {@code bin/pgbk}, {@code lib} with the program in one jar and native libraries, {@code runtime}
 * with its own Java, {@code share} with documents, manual pages, completion, licences and the list of components, and the
 * cache from which the hooks start. Started by the build with the class path of the program.
 */
public final class Packaging {
    private static final String MAIN_CLASS = "io.pgbk.cli.Main";

    private final Path module;
    private final String version;
    private final Instant time;
    private final Path home;
    private final Path target;

    private Packaging(Path module, String version, Instant time, Path home, Path target) {
        this.module = module;
        this.version = version;
        this.time = time;
        this.home = home;
        this.target = target;
    }

    /** What is made. */
    private enum Product {
        /** The unpacked distribution with its caches. */
        DISTRIBUTION,
        /** The files to publish, of the distribution that is there. */
        ARCHIVES,
        /** Both. */
        PACKAGES,
        /** Both without caches, which are no part of what is published. */
        REPRODUCTION
    }

    /**
     * Arguments: the folder of the module, the version, the time that every file gets, what to make ({@code
     * distribution}, {@code archives}, {@code packages} or {@code reproduction}), who maintains the Debian package, the
     * folder of the distribution, and the folder for the files to publish.
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        // The synopses of manual pages are made of words that picocli changes by the rules of a language.
        Locale.setDefault(Locale.ROOT);
        Packaging packaging =
                new Packaging(absolute(args[0]), args[1], Instant.parse(args[2]), absolute(args[5]), absolute(args[6]));
        Product product = Product.valueOf(args[3].toUpperCase(Locale.ROOT));
        if (product != Product.ARCHIVES) {
            packaging.makeDistribution();
        }
        if (product != Product.DISTRIBUTION) {
            packaging.makeArchives(args[4]);
        }
        if (product == Product.DISTRIBUTION || product == Product.PACKAGES) {
            packaging.run("lib/make-cache");
        }
    }

    private static Path absolute(String path) {
        return Path.of(path).toAbsolutePath().normalize();
    }

    private void makeArchives(String maintainer) throws IOException {
        for (String pattern : List.of("pgbk-*-linux-*.tar.gz", "pgbk_*.deb")) {
            try (DirectoryStream<Path> old = Files.newDirectoryStream(target, pattern)) {
                for (Path file : old) {
                    Files.delete(file);
                }
            }
        }
        boolean isAmd64 = System.getProperty("os.arch").equals("amd64");
        Packages packages = new Packages(version, time, home);
        packages.writeTar(target.resolve("pgbk-" + version + "-linux-" + (isAmd64 ? "x86_64" : "aarch64") + ".tar.gz"));
        String debian = isAmd64 ? "amd64" : "arm64";
        packages.writeDeb(
                target.resolve("pgbk_" + version + "_" + debian + ".deb"),
                debian,
                maintainer,
                Files.readAllBytes(module.resolve("../CHANGELOG.md")));
    }

    private void makeDistribution() throws IOException, InterruptedException {
        Files.createDirectories(target);
        // With it the same can be made again elsewhere, to see whether it comes out the same.
        Files.writeString(target.resolve("packaging.class-path"), System.getProperty("java.class.path"));
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
        Files.copy(module.resolve("../LICENSE"), home.resolve("share/LICENSE"));
        copyDocuments();
        writeManuals();
        JavaRuntime java = new JavaRuntime(target.resolve("runtime"));
        Optional<Path> runtime = java.make();
        if (runtime.isPresent()) {
            Trees.copy(runtime.get(), home.resolve("runtime"));
        }
        SymbolStripper.stripAll(home);
        writeComponents(jars, runtime.isPresent() ? java.release() : Map.of());
        Trees.normalise(home, FileTime.from(time));
        if (runtime.isPresent()) {
            // Behind the times, because the archive of Java's own classes remembers that of the file it was made from.
            // Its
            // bytes follow from collector and heap, which are those of the builder's machine unless they are named.
            run("runtime/bin/java", "-XX:+UseG1GC", "-Xmx256m", "-Xshare:dump");
        }
    }

    /** What messages name as docs/..., and what one needs on a bare machine. */
    private void copyDocuments() throws IOException {
        Path documents = Files.createDirectories(home.resolve("share/doc"));
        Files.copy(module.resolve("../README.md"), documents.resolve("README.md"));
        try (DirectoryStream<Path> pages = Files.newDirectoryStream(module.resolve("../docs"), "*.md")) {
            for (Path page : pages) {
                Files.copy(page, documents.resolve(page.getFileName().toString()));
            }
        }
    }

    private void writeManuals() throws IOException {
        CommandLine program = Commands.build(ProcessContext.ofThisProcess());
        Path manuals = Files.createDirectories(home.resolve("share/man/man1"));
        for (Map.Entry<String, String> manual :
                ManualPages.of(program, version, time).entrySet()) {
            Files.writeString(manuals.resolve(manual.getKey()), manual.getValue());
        }
        Path completions = Files.createDirectories(home.resolve("share/bash-completion/completions"));
        Files.writeString(completions.resolve("pgbk"), AutoComplete.bash("pgbk", program));
    }

    private void writeComponents(List<Path> jars, Map<String, String> release) throws IOException {
        Components components = new Components(version);
        for (Path jar : jars) {
            components.add(MavenComponent.of(jar));
        }
        if (!release.isEmpty()) {
            components.addJava(release);
        }
        Files.write(home.resolve("share/sbom.cdx.json"), components.json());
    }

    private void run(String program, String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(home.resolve(program).toAbsolutePath().toString()));
        command.addAll(List.of(arguments));
        Path log = target.resolve("packaging.log");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        // The Java that builds serves a distribution that has none.
        JavaRuntime.plainEnvironment(builder);
        // Java keeps where it was started.
        builder.directory(new File("/"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        if (builder.start().waitFor() != 0) {
            throw new IOException(program + " failed:\n" + Files.readString(log));
        }
    }
}
