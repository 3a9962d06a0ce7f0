package io.pgbk.cli.command;

import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.StoredPolicies;
import io.pgbk.cli.config.ValueType;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Retention policies as people and as programs read them. */
final class PolicyText {
    private PolicyText() {}

    /** A policy as JSON; rules that are not given are null. */
    record Rules(
            @Nullable Integer full,
            @Nullable String window,
            @Nullable Integer weekly,
            @Nullable Integer monthly,
            @Nullable Integer yearly,
            String timeZone,
            String grace) {}

    /** A policy in a repository as JSON. */
    record InRepository(int number, Instant time, String by, Rules rules) {
        static InRepository of(StoredPolicies.Stored stored) {
            return new InRepository(stored.number(), stored.time(), stored.by(), PolicyText.rules(stored.policy()));
        }
    }

    static Rules rules(RetentionPolicy policy) {
        return new Rules(
                policy.full().isPresent() ? policy.full().getAsInt() : null,
                policy.window().map(ValueType.Span::show).orElse(null),
                number(policy.weekly()),
                number(policy.monthly()),
                number(policy.yearly()),
                zone(policy.zone()),
                ValueType.Span.show(policy.grace()));
    }

    private static @Nullable Integer number(int count) {
        return count == 0 ? null : count;
    }

    /** As the configuration has it. */
    static String show(RetentionPolicy policy) {
        List<String> rules = new ArrayList<>();
        byName(policy).forEach((name, value) -> {
            if (!value.equals("none")) {
                rules.add(name + ": " + value);
            }
        });
        return (policy.keepsEverything() ? "keeps everything; " : "") + String.join(", ", rules);
    }

    /** What a second policy says otherwise. */
    static List<String> differences(RetentionPolicy stored, RetentionPolicy configured) {
        List<String> differences = new ArrayList<>();
        Map<String, String> there = byName(stored);
        byName(configured).forEach((name, here) -> {
            String other = there.getOrDefault(name, "none");
            if (!other.equals(here)) {
                differences.add(name + ": " + other + " in the repository, " + here + " in the configuration");
            }
        });
        return differences;
    }

    private static Map<String, String> byName(RetentionPolicy policy) {
        Map<String, String> rules = new LinkedHashMap<>();
        rules.put(
                "full",
                policy.full().isPresent() ? Integer.toString(policy.full().getAsInt()) : "none");
        rules.put("weekly", count(policy.weekly()));
        rules.put("monthly", count(policy.monthly()));
        rules.put("yearly", count(policy.yearly()));
        rules.put("window", policy.window().map(ValueType.Span::show).orElse("none"));
        rules.put("grace", ValueType.Span.show(policy.grace()));
        rules.put("time-zone", zone(policy.zone()));
        return rules;
    }

    private static String count(int count) {
        return count == 0 ? "none" : Integer.toString(count);
    }

    private static String zone(ZoneId zone) {
        return zone.equals(ZoneOffset.UTC) ? "UTC" : zone.getId();
    }
}
