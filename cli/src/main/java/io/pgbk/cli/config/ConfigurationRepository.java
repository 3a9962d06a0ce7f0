package io.pgbk.cli.config;

/**
 * One configured repository.
 *
 * @param index its place in the list, from 0
 * @param name how commands call it
 */
public record ConfigurationRepository(Settings settings, int index, String name) {
    static ConfigurationRepository of(Settings settings, int index) {
        return new ConfigurationRepository(settings, index, name(settings, index));
    }

    static String name(Settings settings, int index) {
        return settings.text("repositories[" + index + "].name")
                .orElse(index == 0 ? "primary" : "repository-" + (index + 1));
    }

    /** The full name of one of its keys. */
    public String path(String key) {
        return "repositories[" + index + "]." + key;
    }

    /** Where it is. */
    public String url() {
        return settings.text(path("url")).orElseThrow();
    }

    /** Whether archive-push succeeds only when this repository has the segment. */
    public boolean isRequired() {
        return settings.text(path("wal")).orElseThrow().equals("required");
    }

    /** A backup that stays only because others use at most so much of it is emptied, in percent; 0 for never. */
    public int compactPercent() {
        return settings.number(path("compact-below")).orElseThrow();
    }

    /** Whether its content is encrypted. */
    public boolean isEncrypted() {
        return settings.find(path("encryption")).isEmpty();
    }
}
