package io.pgbk.cli.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Reads a configuration file as YAML and compares its shape with the schema: what is left are texts with the key they
 * belong to and their line. Only the plain parts of YAML are taken: no tags of one's own, no anchors.
 */
final class YamlSource {
    private static final Set<String> NO_VALUE = Set.of("", "~", "null", "Null", "NULL");
    private static final Set<Tag> PLAIN_TAGS = Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL);

    private final String file;
    private final List<Problem> problems;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, Integer> sectionLines = new HashMap<>();
    private int repositories;

    /**
     * A value as written.
     *
     * @param path with indexes
     * @param pattern with {@code []}
     * @param quoted whether it stood in quotes
     */
    record Entry(String path, String pattern, String text, boolean quoted, int line) {}

    private YamlSource(String file, List<Problem> problems) {
        this.file = file;
        this.problems = problems;
    }

    /** The values of the file; what is wrong with its shape is added to the problems. */
    static YamlSource read(String file, String content, List<Problem> problems) {
        YamlSource source = new YamlSource(file, problems);
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file)
                .setAllowDuplicateKeys(true) // told by us, with both lines
                .setAllowRecursiveKeys(false)
                .setMaxAliasesForCollections(0)
                .setParseComments(false)
                .build();
        try {
            Optional<Node> root = new Compose(settings).composeString(content);
            root.ifPresent(node -> source.section(node, "", ""));
        } catch (MarkedYamlEngineException e) {
            boolean endless = e.getContext() != null && e.getContext().contains("quoted scalar");
            int line = (endless ? e.getContextMark() : e.getProblemMark())
                    .map(mark -> mark.getLine() + 1)
                    .orElse(1);
            problems.add(new Problem(file + ":" + line, "", "not valid YAML: " + e.getProblem()));
        } catch (YamlEngineException e) {
            problems.add(new Problem(file, "", "not valid YAML: " + e.getMessage()));
        }
        return source;
    }

    List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** Where each section begins, by its path. */
    Map<String, Integer> sectionLines() {
        return Map.copyOf(sectionLines);
    }

    int repositories() {
        return repositories;
    }

    private void value(Node node, String path, String pattern) {
        if (node.getAnchor().isPresent()) {
            problem(node, path, "anchors are not supported; write the value out");
            return;
        }
        boolean isSection = !ConfigSchema.childrenOf(pattern).isEmpty();
        boolean isList = !ConfigSchema.childrenOf(pattern + "[]").isEmpty();
        switch (node) {
            case ScalarNode scalar -> {
                Optional<ConfigKey> key = ConfigSchema.find(pattern);
                if (isList) {
                    problem(node, path, "expected a list of sections, each beginning with -");
                } else if (key.isEmpty()) {
                    problem(node, path, "expected a section with " + names(pattern));
                } else {
                    scalar(scalar, path, pattern, key.get());
                }
            }
            case MappingNode mapping -> {
                if (isSection) {
                    section(mapping, path, pattern);
                } else if (isList) {
                    problem(node, path, "expected a list: put - before its first key");
                } else {
                    problem(
                            node,
                            path,
                            "expected " + ConfigSchema.key(pattern).type().describe() + ", found a section");
                }
            }
            case SequenceNode list -> {
                if (isList) {
                    int index = 0;
                    for (Node element : list.getValue()) {
                        section(element, path + "[" + index + "]", pattern + "[]");
                        index++;
                    }
                    repositories = Math.max(repositories, index);
                } else {
                    problem(
                            node,
                            path,
                            isSection ? "expected a section, found a list" : "expected one value, found a list");
                }
            }
            default -> problem(node, path, "not supported here");
        }
    }

    private void section(Node node, String path, String pattern) {
        if (!(node instanceof MappingNode mapping)) {
            problem(node, path, "expected a section with " + names(pattern));
            return;
        }
        sectionLines.put(path, line(node));
        Map<String, Integer> seen = new HashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            Node keyNode = tuple.getKeyNode();
            if (!(keyNode instanceof ScalarNode scalar)) {
                problem(keyNode, path, "expected a name before the colon");
                continue;
            }
            String name = scalar.getValue();
            String full = path.isEmpty() ? name : path + "." + name;
            String childPattern = pattern.isEmpty() ? name : pattern + "." + name;
            Integer first = seen.putIfAbsent(name, line(keyNode));
            if (first != null) {
                problem(keyNode, full, "given twice, first in line " + first);
            } else if (!ConfigSchema.childrenOf(pattern).contains(name)) {
                unknown(keyNode, full, name, pattern);
            } else if (isAlias(tuple.getValueNode(), keyNode)) {
                problem(keyNode, full, "aliases are not supported; write the value out");
            } else {
                value(tuple.getValueNode(), full, childPattern);
            }
        }
    }

    /** The composer resolves an alias to the anchored node itself, which begins before the key that uses it. */
    private static boolean isAlias(Node value, Node key) {
        return value.getAnchor().isPresent() && line(value) < line(key);
    }

    private void scalar(ScalarNode scalar, String path, String pattern, ConfigKey key) {
        String text = scalar.getValue();
        boolean plain = scalar.getScalarStyle() == ScalarStyle.PLAIN;
        if (key.secret()) {
            problem(
                    scalar,
                    path,
                    "a secret does not stand in the configuration file; use "
                            + (ConfigSchema.find(pattern + "-file").isPresent()
                                    ? key.name() + "-file"
                                    : "the environment"));
        } else if (scalar.getTag().equals(Tag.NULL) || (plain && NO_VALUE.contains(text))) {
            problem(scalar, path, "has no value; expected " + key.type().describe());
        } else if (!PLAIN_TAGS.contains(scalar.getTag())) {
            problem(scalar, path, "tags are not supported");
        } else {
            entries.add(new Entry(path, pattern, text, !plain, line(scalar)));
        }
    }

    private void unknown(Node node, String full, String name, String pattern) {
        String hint = NearestName.of(name, ConfigSchema.childrenOf(pattern))
                .map(nearest -> "; did you mean \"" + nearest + "\"?")
                .or(() -> elsewhere(name).map(place -> "; it belongs to " + place))
                .orElse("; known here are " + names(pattern));
        problem(node, full, "unknown key" + hint);
    }

    /** A key that stands at the wrong place. */
    private static Optional<String> elsewhere(String name) {
        return ConfigSchema.all().stream()
                .filter(key -> key.name().equals(name))
                .map(key -> key.path().contains(".")
                        ? key.path().substring(0, key.path().lastIndexOf('.'))
                        : "the top level")
                .findFirst();
    }

    private static String names(String pattern) {
        return String.join(", ", ConfigSchema.childrenOf(pattern));
    }

    private void problem(Node node, String path, String message) {
        problems.add(new Problem(file + ":" + line(node), path, message));
    }

    private static int line(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
    }
}
