package io.pgbk.cli.packaging;

import io.pgbk.cli.output.JsonText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The list of components in CycloneDX 1.6, the JSON form (source: the specification's bom-1.6.schema.json): every jar
 * that went into the program, and Java. Without a serial number and a time of its making, so that equal builds give
 * equal lists.
 */
final class Components {
    /** SPDX identifiers by what poms say, in lower case. */
    private static final Map<String, String> SPDX = Map.ofEntries(
            Map.entry("apache-2.0", "Apache-2.0"),
            Map.entry("apache 2.0", "Apache-2.0"),
            Map.entry("apache license 2.0", "Apache-2.0"),
            Map.entry("apache license, version 2.0", "Apache-2.0"),
            Map.entry("the apache license, version 2.0", "Apache-2.0"),
            Map.entry("the apache software license, version 2.0", "Apache-2.0"),
            Map.entry("bsd-2-clause", "BSD-2-Clause"),
            Map.entry("bsd 2-clause license", "BSD-2-Clause"),
            Map.entry("mit", "MIT"),
            Map.entry("mit-0", "MIT-0"));

    private final String version;
    private final List<Map<String, Object>> components = new ArrayList<>();

    Components(String version) {
        this.version = version;
    }

    void add(MavenComponent component) throws IOException {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("type", "library");
        entry.put("bom-ref", component.purl());
        entry.put("group", component.group());
        entry.put("name", component.artifact());
        entry.put("version", component.version());
        entry.put("scope", "required");
        entry.put("hashes", List.of(hash(Files.readAllBytes(component.jar()))));
        entry.put(
                "licenses",
                component.licences().stream().map(Components::licence).toList());
        entry.put("purl", component.purl());
        components.add(entry);
    }

    /** @param release what Java's own file of this name says */
    void addJava(Map<String, String> release) {
        String runtime = release.getOrDefault("JAVA_RUNTIME_VERSION", release.getOrDefault("JAVA_VERSION", ""));
        String purl = "pkg:generic/openjdk@" + runtime.replace("+", "%2B");
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("type", "platform");
        entry.put("bom-ref", purl);
        entry.put("supplier", Map.of("name", release.getOrDefault("IMPLEMENTOR", "unknown")));
        entry.put("name", "openjdk");
        entry.put("version", runtime);
        entry.put("scope", "required");
        entry.put("licenses", List.of(Map.of("expression", "GPL-2.0-only WITH Classpath-exception-2.0")));
        entry.put("purl", purl);
        components.add(entry);
    }

    byte[] json() {
        String self = "pkg:generic/pgbk@" + version;
        Map<String, Object> program = new LinkedHashMap<>();
        program.put("type", "application");
        program.put("bom-ref", self);
        program.put("name", "pgbk");
        program.put("version", version);
        program.put("licenses", List.of(Map.of("license", Map.of("id", "Apache-2.0"))));
        program.put("purl", self);
        Map<String, Object> dependencies = new LinkedHashMap<>();
        dependencies.put("ref", self);
        dependencies.put(
                "dependsOn",
                components.stream().map(component -> component.get("bom-ref")).toList());
        Map<String, Object> bom = new LinkedHashMap<>();
        bom.put("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
        bom.put("bomFormat", "CycloneDX");
        bom.put("specVersion", "1.6");
        bom.put("version", 1);
        bom.put("metadata", Map.of("component", program));
        bom.put("components", components);
        bom.put("dependencies", List.of(dependencies));
        return (JsonText.pretty(bom) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, Object> licence(MavenComponent.Licence licence) {
        Map<String, Object> described = new LinkedHashMap<>();
        String id = SPDX.get(licence.name().toLowerCase(java.util.Locale.ROOT));
        described.put(id == null ? "name" : "id", id == null ? licence.name() : id);
        licence.url().ifPresent(url -> described.put("url", url));
        return Map.of("license", described);
    }

    private static Map<String, Object> hash(byte[] content) {
        try {
            Map<String, Object> hash = new LinkedHashMap<>();
            hash.put("alg", "SHA-256");
            hash.put(
                    "content",
                    HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
            return hash;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
