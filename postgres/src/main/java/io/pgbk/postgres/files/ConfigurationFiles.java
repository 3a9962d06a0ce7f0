package io.pgbk.postgres.files;

import io.pgbk.postgres.files.ConfigurationFile.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Collects PostgreSQL's configuration files with everything that they include. */
public final class ConfigurationFiles {
    private static final int MAX_FILES = 1000;
    private static final int MAX_FILE_BYTES = 4 << 20;
    private static final int MAX_TOTAL_BYTES = 32 << 20;
    private static final int MAX_DEPTH = 10; // CONF_FILE_MAX_DEPTH

    private final List<ConfigurationFile> files = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final Set<Path> seen = new HashSet<>();
    private int totalBytes;

    private ConfigurationFiles() {}

    /** What was collected, and what could not be (with the reason, for the operator). */
    public record Collected(List<ConfigurationFile> files, List<String> warnings) {
        public Collected {
            files = List.copyOf(files);
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * Reads the three files and what they include, in the order in which PostgreSQL would. A file that cannot be read
     * becomes a warning. At most 1000 files of at most 4 MiB each and 32 MiB together are collected. Certificates and
     * keys that the settings name are not: keys do not belong into a backup.
     */
    public static Collected collect(Path configFile, Path hbaFile, Path identFile) {
        ConfigurationFiles collector = new ConfigurationFiles();
        collector.add(Kind.CONFIGURATION, configFile, 0, false);
        collector.add(Kind.HOST_BASED_AUTHENTICATION, hbaFile, 0, false);
        collector.add(Kind.USER_NAME_MAP, identFile, 0, false);
        return new Collected(collector.files, collector.warnings);
    }

    private void add(Kind kind, Path file, int depth, boolean ifExists) {
        Path normal = file.toAbsolutePath().normalize();
        if (ifExists && !Files.exists(normal)) {
            return;
        }
        if (depth > MAX_DEPTH) {
            warnings.add(FileNames.display(normal) + " is included too deeply and was left out");
            return;
        }
        if (!seen.add(normal)) {
            return;
        }
        if (files.size() >= MAX_FILES) {
            warnings.add(
                    "more than " + MAX_FILES + " configuration files: " + FileNames.display(normal) + " was left out");
            return;
        }
        try {
            byte[] content = read(normal);
            files.add(new ConfigurationFile(
                    kind,
                    FileNames.characters(normal),
                    FileMode.of(Files.getPosixFilePermissions(normal)),
                    content,
                    depth > 0));
            String text = new String(content, StandardCharsets.ISO_8859_1);
            for (Inclusion inclusion : Inclusion.find(kind, text)) {
                follow(kind, normal, inclusion, depth + 1);
            }
        } catch (IOException e) {
            warnings.add("cannot read the configuration file " + FileNames.display(normal) + ": " + e.getMessage());
        }
    }

    private void follow(Kind kind, Path includer, Inclusion inclusion, int depth) throws IOException {
        Path directory = includer.getParent();
        Path target = directory == null
                ? FileNames.toPath(inclusion.target())
                : FileNames.resolve(directory, inclusion.target());
        switch (inclusion.form()) {
            case FILE -> add(kind, target, depth, false);
            case FILE_IF_EXISTS -> add(kind, target, depth, true);
            case DIRECTORY -> {
                for (Path file : configurationsIn(target)) {
                    add(kind, file, depth, false);
                }
            }
        }
    }

    /** The files that include_dir takes: {@code *.conf}, not hidden, in the order of their names' bytes. */
    private List<Path> configurationsIn(Path directory) {
        NameList names = new NameList();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = FileNames.characters(entry.getFileName());
                if (name.endsWith(".conf") && !name.startsWith(".") && !Files.isDirectory(entry)) {
                    if (names.size() >= MAX_FILES) {
                        warnings.add("more than " + MAX_FILES + " files in " + FileNames.display(directory));
                        break;
                    }
                    names.add(name);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            warnings.add("cannot read the directory " + FileNames.display(directory) + ": " + e.getMessage());
        }
        names.sort();
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            files.add(FileNames.resolve(directory, names.get(i)));
        }
        return files;
    }

    private byte[] read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(Files.exists(file) ? "not a regular file" : "it does not exist");
        }
        int limit = Math.min(MAX_FILE_BYTES, MAX_TOTAL_BYTES - totalBytes);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(limit + 1);
            if (content.length > limit) {
                throw new IOException("it is larger than pgbk collects");
            }
            totalBytes += content.length;
            return content;
        }
    }
}
