package io.pgbk.restore.directory;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Decides what becomes of the configuration files, so that the restored directory has a configuration that starts, and
 * one that cannot lead the server to the directory or files of another cluster.
 */
public final class ConfigurationPlanner {
    /** Settings that a server must not have smaller than its primary had, else recovery stops or pauses. */
    private static final List<String> STANDBY_MINIMA = List.of(
            "max_connections",
            "max_worker_processes",
            "max_wal_senders",
            "max_prepared_transactions",
            "max_locks_per_transaction");

    private static final String HBA = """
            local   all   all                  peer
            host    all   all   127.0.0.1/32   scram-sha-256
            host    all   all   ::1/128        scram-sha-256
            """;

    private final String source;
    private final String target;
    private final Map<String, String> settings;
    private final List<ManifestFacts.ConfigurationFile> files;
    private final Set<String> links;
    private final Function<String, Optional<Bytes>> contentHere;

    /**
     * A planner.
     *
     * @param target the directory that is restored into, each byte of it shown as one character
     * @param links top-level names in the backup that are symbolic links
     * @param contentHere what a file of this absolute path on this machine holds; empty when there is none
     */
    public ConfigurationPlanner(
            ManifestFacts facts, String target, Set<String> links, Function<String, Optional<Bytes>> contentHere) {
        this.settings = facts.settings();
        this.source = settings.getOrDefault("data_directory", target);
        this.target = target;
        this.files = facts.configurationFiles();
        this.links = Set.copyOf(links);
        this.contentHere = contentHere;
    }

    /** Whether the directory is the one that the backup was taken from. */
    public boolean samePlace() {
        return source.equals(target);
    }

    public ConfigurationPlan plan() {
        List<ManifestFacts.ConfigurationFile> outside =
                files.stream().filter(file -> !isInside(path(file))).toList();
        if (samePlace() && outside.stream().allMatch(file -> existsHere(path(file)))) {
            // The server uses what is here; what the backup has and is not here is put beside, for people to compare:
            // on a new machine the files may be those that the package installed.
            Map<String, Bytes> others = new LinkedHashMap<>();
            outside.stream()
                    .filter(file -> !contentHere.apply(path(file)).equals(Optional.of(file.content())))
                    .forEach(file -> others.put(copyPath(path(file)), file.content()));
            return new ConfigurationPlan(list(others), List.of(), List.of());
        }
        Map<String, Bytes> copies = new LinkedHashMap<>();
        outside.forEach(file -> copies.put(copyPath(path(file)), file.content()));
        Map<String, Bytes> generated = new LinkedHashMap<>();
        // A link to a file of the old machine becomes the file.
        files.stream()
                .filter(file -> isInside(path(file)) && links.contains(inside(path(file))))
                .forEach(file -> generated.put(inside(path(file)), file.content()));
        Map<String, String> overrides = new LinkedHashMap<>();
        String main = role("config_file").map(ConfigurationPlanner::path).orElse(source + "/postgresql.conf");
        boolean needsOutside = files.stream()
                .anyMatch(file -> file.role().equals("include") && !isInside(path(file)) && !existsHere(path(file)));
        if (!isInside(main) || needsOutside) {
            if (isInside(main)) {
                role("config_file").ifPresent(file -> copies.put(copyPath("/postgresql.conf"), file.content()));
            }
            generated.put("postgresql.conf", minimal());
            if (isInside(main) || role("hba_file").isEmpty()) {
                place("hba_file", overrides);
            }
        }
        place("hba_file", overrides);
        place("ident_file", overrides);
        if (role("hba_file").isEmpty() && !isInside(main)) {
            generated.put("pg_hba.conf", Bytes.utf8(HBA));
        }
        if (anySets("data_directory")) {
            overrides.put("data_directory", target);
        }
        // Nothing of the original's settings holds beside a generated file, and an empty name is complained of.
        if (anySets("external_pid_file") && !generated.containsKey("postgresql.conf")) {
            overrides.put("external_pid_file", "");
        }
        if (!samePlace() && generated.containsKey("postgresql.conf")) {
            overrides.remove("data_directory");
        }
        return new ConfigurationPlan(
                list(copies),
                list(generated),
                overrides.entrySet().stream()
                        .map(entry -> new Setting(entry.getKey(), text(entry.getValue())))
                        .toList());
    }

    /** Names the file that the server shall use when it is not simply the restored one of the default name. */
    private void place(String role, Map<String, String> overrides) {
        Optional<String> path = role(role).map(ConfigurationPlanner::path);
        if (path.isEmpty()) {
            return;
        }
        if (!isInside(path.get())) {
            overrides.put(role, target + "/" + copyPath(path.get()));
        } else if (anySets(role)) {
            overrides.put(role, target + "/" + inside(path.get()));
        }
    }

    private Bytes minimal() {
        StringBuilder text =
                new StringBuilder("# Written by pgbk restore: the original configuration files lay outside the"
                        + " data directory.\n# Copies are in " + ConfigurationPlan.DIRECTORY + ".\n");
        STANDBY_MINIMA.stream()
                .filter(settings::containsKey)
                .map(name -> new Setting(name, settings.getOrDefault(name, "")))
                .forEach(setting -> text.append(setting.line()).append('\n'));
        return Bytes.utf8(text.toString());
    }

    private boolean anySets(String setting) {
        Pattern line = Pattern.compile("(?im)^\\s*" + setting + "(\\s*=|\\s+')");
        return files.stream()
                .filter(file -> file.role().equals("config_file") || file.role().equals("include"))
                .anyMatch(file -> line.matcher(characters(file.content())).find());
    }

    private Optional<ManifestFacts.ConfigurationFile> role(String role) {
        return files.stream().filter(file -> file.role().equals(role)).findFirst();
    }

    private boolean existsHere(String path) {
        return contentHere.apply(path).isPresent();
    }

    private boolean isInside(String path) {
        return path.startsWith(source + "/");
    }

    private String inside(String path) {
        return path.substring(source.length() + 1);
    }

    private static String copyPath(String absolute) {
        return ConfigurationPlan.DIRECTORY + absolute;
    }

    private static String path(ManifestFacts.ConfigurationFile file) {
        return characters(file.path());
    }

    private static String characters(Bytes bytes) {
        return new String(bytes.toArray(), StandardCharsets.ISO_8859_1);
    }

    /** What the characters mean in UTF-8: settings are written in it. */
    private static String text(String characters) {
        return new String(characters.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static List<ConfigurationPlan.File> list(Map<String, Bytes> files) {
        return Stream.of(files)
                .flatMap(map -> map.entrySet().stream())
                .map(entry -> new ConfigurationPlan.File(entry.getKey(), entry.getValue()))
                .toList();
    }
}
