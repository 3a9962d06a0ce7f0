package io.pgbk.cli.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts file, environment, command line and defaults together, in this order of strength from weak to strong: default,
 * file, environment, command line. Values are read by their keys' types; what is wrong is collected.
 */
final class SettingsReader {
    private static final Pattern INDEX = Pattern.compile("\\[([0-9]+)\\]");

    private final List<Problem> problems;
    private final Map<String, Setting> settings = new HashMap<>();

    private SettingsReader(List<Problem> problems) {
        this.problems = problems;
    }

    /**
     * Reads everything.
     *
     * @param options values of the command line by path, with the option's name
     */
    static Settings read(
            YamlSource yaml,
            String file,
            Map<String, String> environment,
            Map<String, Map.Entry<String, String>> options,
            List<Problem> problems) {
        SettingsReader reader = new SettingsReader(problems);
        for (YamlSource.Entry entry : yaml.entries()) {
            reader.put(
                    entry.path(),
                    entry.pattern(),
                    entry.text(),
                    entry.quoted(),
                    new Origin.FileLine(file, entry.line()));
        }
        int repositories = reader.environment(environment, yaml.repositories());
        options.forEach((path, value) ->
                reader.put(path, path, value.getValue(), false, new Origin.CommandLine(value.getKey())));
        reader.defaults(repositories);
        Map<String, String> places = new HashMap<>();
        yaml.sectionLines().forEach((path, line) -> places.put(path, file + ":" + line));
        return new Settings(reader.settings, places, repositories);
    }

    private int environment(Map<String, String> environment, int inFile) {
        int repositories = inFile;
        for (EnvironmentSource.Entry entry : EnvironmentSource.read(environment, problems)) {
            Origin origin = new Origin.Environment(entry.variable());
            Matcher index = INDEX.matcher(entry.path());
            if (index.find()) {
                // Variables are sorted, so a new list element comes after all earlier ones but 10 before 2.
                int number = Integer.parseInt(index.group(1));
                if (number > 9) {
                    problems.add(
                            new Problem(origin.describe(), entry.path(), "at most ten repositories are supported"));
                    continue;
                }
                if (number > repositories) {
                    problems.add(new Problem(
                            origin.describe(),
                            entry.path(),
                            "there is no repository " + (number - 1) + "; the first has index 0"));
                    continue;
                }
                repositories = Math.max(repositories, number + 1);
            }
            put(entry.path(), entry.pattern(), entry.text(), false, origin);
        }
        return repositories;
    }

    private void put(String path, String pattern, String text, boolean quoted, Origin origin) {
        ConfigKey key = ConfigSchema.key(pattern);
        try {
            if (quoted && key.type().plainOnly()) {
                throw new IllegalArgumentException("expected " + key.type().describe() + " without quotes");
            }
            settings.put(path, new Setting(path, key, text, key.type().parse(text), origin));
        } catch (IllegalArgumentException e) {
            String found = key.secret() ? "" : ", found \"" + abbreviate(text) + "\"";
            problems.add(new Problem(origin.describe(), path, e.getMessage() + found));
        }
    }

    private void defaults(int repositories) {
        for (ConfigKey key : ConfigSchema.all()) {
            String text = key.defaultText();
            if (text == null) {
                continue;
            }
            boolean listed = key.path().contains("[]");
            for (int i = 0; i < (listed ? repositories : 1); i++) {
                String path = key.path().replace("[]", "[" + i + "]");
                settings.computeIfAbsent(
                        path, absent -> new Setting(path, key, text, key.type().parse(text), new Origin.Default()));
            }
        }
    }

    private static String abbreviate(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?").replaceAll("//[^/@]*@", "//***@");
        return line.length() <= 80 ? line : line.substring(0, 80) + "…";
    }
}
