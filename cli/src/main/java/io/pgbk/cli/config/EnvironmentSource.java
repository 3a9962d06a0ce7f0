package io.pgbk.cli.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code PGBK_…} variables: every key has one, and an unknown one is a slip worth telling. */
final class EnvironmentSource {
    /** Variables that are not configuration keys: what the launcher and the tests read, and the file itself. */
    private static final Set<String> OTHER =
            Set.of("PGBK_CONFIG", "PGBK_JAVA_HOME", "PGBK_JAVA_OPTIONS", "PGBK_VERSION", "PGBK_HOME");
    /** Container platforms set these for a service that is called pgbk. */
    private static final Pattern SERVICE_LINK =
            Pattern.compile("PGBK_(SERVICE_(HOST|PORT)(_.*)?|PORT(_[0-9]+_(TCP|UDP)(_.*)?)?|TEST_.*)");

    private static final Pattern INDEX = Pattern.compile("_([0-9]{1,3})_");

    private EnvironmentSource() {}

    /** A variable that sets a key. */
    record Entry(String path, String pattern, String text, String variable) {}

    /** The set variables, empty ones left out; unknown names are added to the problems. */
    static List<Entry> read(Map<String, String> environment, List<Problem> problems) {
        Map<String, ConfigKey> byVariable = new TreeMap<>();
        ConfigSchema.all().forEach(key -> byVariable.put(key.variable(), key));
        List<Entry> entries = new ArrayList<>();
        new TreeMap<>(environment).forEach((variable, text) -> {
            if (!variable.startsWith("PGBK_")
                    || text.isEmpty()
                    || OTHER.contains(variable)
                    || SERVICE_LINK.matcher(variable).matches()) {
                return;
            }
            Matcher index = INDEX.matcher(variable);
            Optional<String> number = index.find() ? Optional.of(index.group(1)) : Optional.empty();
            ConfigKey key = byVariable.get(index.reset().replaceFirst("_N_"));
            if (key == null) {
                String nearest = NearestName.of(index.reset().replaceFirst("_N_"), byVariable.keySet())
                        .map(name -> "; did you mean "
                                + number.map(n -> name.replace("_N_", "_" + n + "_"))
                                        .orElse(name) + "?")
                        .orElse("; see docs/configuration.md");
                problems.add(new Problem("environment " + variable, "", "no such configuration key" + nearest));
                return;
            }
            String path = number.map(n -> key.path().replace("[]", "[" + Integer.parseInt(n) + "]"))
                    .orElse(key.path());
            entries.add(new Entry(path, key.path(), text, variable));
        });
        return entries;
    }
}
