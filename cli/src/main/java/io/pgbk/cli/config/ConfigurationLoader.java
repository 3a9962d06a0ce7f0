package io.pgbk.cli.config;

import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Finds the configuration, reads it completely, and refuses it with everything that is wrong. */
public final class ConfigurationLoader {
    /** Where the configuration is looked for when nothing else is said. */
    public static final Path DEFAULT_FILE = Path.of("/etc/pgbk/pgbk.yaml");

    private static final int MAXIMUM_BYTES = 1 << 20;

    private final Path defaultFile;
    private final Map<String, String> environment;

    /**
     * @param environment the process's variables; texts as {@link FileNames#textOfArgument} makes them
     */
    public ConfigurationLoader(Path defaultFile, Map<String, String> environment) {
        this.defaultFile = defaultFile;
        this.environment = Map.copyOf(environment);
    }

    /** The loader of this process. */
    public static ConfigurationLoader ofProcess(Map<String, String> environment) {
        Map<String, String> texts = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith("PGBK_")) {
                texts.put(name, FileNames.textOfArgument(value));
            }
        });
        return new ConfigurationLoader(DEFAULT_FILE, texts);
    }

    /**
     * Reads the configuration.
     *
     * @param option the file given as {@code --config}
     * @param cluster the name given as {@code --cluster}
     * @throws ConfigurationException with every problem
     */
    public Configuration load(Optional<Path> option, Optional<String> cluster) {
        Optional<Path> named = option.or(() -> Optional.ofNullable(environment.get("PGBK_CONFIG"))
                .filter(value -> !value.isEmpty())
                .map(FileNames::fromText));
        Path file = named.orElse(defaultFile).toAbsolutePath();
        String shown = FileNames.display(file);
        Optional<String> content = read(file, shown, named.isPresent());
        List<Problem> problems = new ArrayList<>();
        Map<String, Map.Entry<String, String>> options = new TreeMap<>();
        cluster.ifPresent(name -> options.put("cluster", Map.entry("--cluster", name)));
        Settings settings = SettingsReader.read(
                YamlSource.read(shown, content.orElse(""), problems), shown, environment, options, problems);
        String source = content.isPresent() ? shown : "environment";
        if (content.isEmpty() && settings.repositories() == 0) {
            throw new ConfigurationException(
                    "there is no configuration: " + shown + " does not exist",
                    "Write it (see docs/configuration.md), or name another file with --config or PGBK_CONFIG.");
        }
        ConfigurationCheck.check(settings, source, problems);
        if (!problems.isEmpty()) {
            problems.sort(
                    Comparator.comparing(ConfigurationLoader::fileOf).thenComparingInt(ConfigurationLoader::lineOf));
            throw new ConfigurationException(problems);
        }
        return Configuration.of(source, content.map(present -> file), settings);
    }

    private static Optional<String> read(Path file, String shown, boolean mustExist) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAXIMUM_BYTES + 1);
            if (bytes.length > MAXIMUM_BYTES) {
                throw new ConfigurationException(shown + " is longer than 1 MiB", "Is this really the configuration?");
            }
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (NoSuchFileException e) {
            if (mustExist) {
                throw new ConfigurationException(
                        "the configuration " + shown + " does not exist", "Check --config and PGBK_CONFIG.");
            }
            return Optional.empty();
        } catch (AccessDeniedException e) {
            throw new ConfigurationException(
                    "the configuration " + shown + " may not be read by this user",
                    "pgbk runs as the operating-system user of the database; let that user read the file.");
        } catch (CharacterCodingException e) {
            throw new ConfigurationException(shown + " is not written in UTF-8", "Save it in UTF-8.");
        } catch (IOException e) {
            String reason = Files.isDirectory(file) ? "it is a directory" : String.valueOf(e.getMessage());
            throw new ConfigurationException(
                    "the configuration " + shown + " cannot be read: " + reason, "Name a file.");
        }
    }

    private static String fileOf(Problem problem) {
        return problem.place().replaceFirst(":[0-9]+$", "");
    }

    private static int lineOf(Problem problem) {
        String line = problem.place().substring(fileOf(problem).length());
        return line.isEmpty() ? 0 : Integer.parseInt(line.substring(1));
    }
}
