package io.pgbk.cli.config;

import java.net.URI;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All values that hold, by full name ({@code repositories[0].url}), each already checked by its key's type; defaults
 * included.
 */
public final class Settings {
    private final Map<String, Setting> byPath;
    private final Map<String, String> sectionPlaces;
    private final int repositories;

    Settings(Map<String, Setting> byPath, Map<String, String> sectionPlaces, int repositories) {
        this.byPath = Map.copyOf(byPath);
        this.sectionPlaces = Map.copyOf(sectionPlaces);
        this.repositories = repositories;
    }

    /** Where a section stands in the file. */
    Optional<String> sectionPlace(String path) {
        return Optional.ofNullable(sectionPlaces.get(path));
    }

    /** How many repositories are configured. */
    public int repositories() {
        return repositories;
    }

    /** All values in the order of the documentation, repository by repository. */
    public List<Setting> all() {
        List<ConfigKey> keys = ConfigSchema.all();
        return byPath.values().stream()
                .sorted((left, right) -> {
                    int group = Integer.compare(group(keys, left), group(keys, right));
                    if (group != 0) {
                        return group;
                    }
                    int index = left.path()
                            .replaceAll("\\].*", "")
                            .compareTo(right.path().replaceAll("\\].*", ""));
                    boolean listed = left.key().path().contains("[]");
                    return listed && index != 0
                            ? index
                            : Integer.compare(keys.indexOf(left.key()), keys.indexOf(right.key()));
                })
                .toList();
    }

    /** Keys of one list belong together; every other key is a group of its own. */
    private static int group(List<ConfigKey> keys, Setting setting) {
        String path = setting.key().path();
        if (!path.contains("[]")) {
            return keys.indexOf(setting.key());
        }
        String list = path.substring(0, path.indexOf("[]") + 2);
        for (int i = 0; i < keys.size(); i++) {
            if (keys.get(i).path().startsWith(list)) {
                return i;
            }
        }
        throw new IllegalStateException(path);
    }

    /** The value with its origin. */
    public Optional<Setting> find(String path) {
        return Optional.ofNullable(byPath.get(path));
    }

    /** A text. */
    public Optional<String> text(String path) {
        return value(path, String.class);
    }

    /** An address. */
    public Optional<URI> address(String path) {
        return value(path, URI.class);
    }

    /** A whole number. */
    public Optional<Integer> number(String path) {
        return value(path, Integer.class);
    }

    /** A number of bytes. */
    public Optional<Long> bytes(String path) {
        return value(path, Long.class);
    }

    /** True or false. */
    public Optional<Boolean> flag(String path) {
        return value(path, Boolean.class);
    }

    /** A time span. */
    public Optional<Duration> span(String path) {
        return value(path, Duration.class);
    }

    /** A time zone. */
    public Optional<ZoneId> zone(String path) {
        return value(path, ZoneId.class);
    }

    private <T> Optional<T> value(String path, Class<T> type) {
        return find(path).map(setting -> type.cast(setting.value()));
    }
}
