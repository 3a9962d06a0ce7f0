package io.pgbk.cli.config;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The rules that concern several keys at once. */
final class ConfigurationCheck {
    private static final List<String> S3_ONLY = List.of(
            "endpoint",
            "region",
            "path-style",
            "credentials.access-key-file",
            "credentials.secret-key-file",
            "credentials.access-key",
            "credentials.secret-key",
            "ca-file",
            "allow-http",
            "checksum-mode",
            "storage-class",
            "object-lock.mode",
            "object-lock.days");
    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[(::1|(0{1,4}:){7}0{0,3}1)\\]");

    private final Settings settings;
    private final String source;
    private final List<Problem> problems;

    private ConfigurationCheck(Settings settings, String source, List<Problem> problems) {
        this.settings = settings;
        this.source = source;
        this.problems = problems;
    }

    /** Adds what is wrong to the problems. */
    static void check(Settings settings, String source, List<Problem> problems) {
        ConfigurationCheck check = new ConfigurationCheck(settings, source, problems);
        check.cluster();
        check.repositories();
    }

    private void cluster() {
        if (isMissing("cluster")) {
            problems.add(
                    new Problem(source, "cluster", "must be given: the cluster's name, the same on all its nodes"));
        }
    }

    private void repositories() {
        if (settings.repositories() == 0 && noProblemAt("repositories")) {
            problems.add(new Problem(source, "repositories", "at least one repository must be given"));
        }
        Map<String, String> names = new HashMap<>();
        Map<String, String> places = new HashMap<>();
        boolean required = false;
        for (int i = 0; i < settings.repositories(); i++) {
            String base = "repositories[" + i + "].";
            String name = ConfigurationRepository.name(settings, i);
            String earlier = names.putIfAbsent(name, base);
            if (earlier != null) {
                problem(base + "name", "\"" + name + "\" is already the name of another repository");
            }
            settings.text(base + "url").ifPresent(url -> {
                String place = url + " "
                        + settings.address(base + "endpoint").map(URI::toString).orElse("");
                if (places.putIfAbsent(place, base) != null) {
                    problem(base + "url", "another repository has the same address");
                }
            });
            required |= settings.text(base + "wal").equals(Optional.of("required"));
            repository(base);
        }
        if (settings.repositories() > 0 && !required && noProblemAt("repositories[0].wal")) {
            problem(
                    "repositories[0].wal",
                    "at least one repository must be required, or nothing is ever archived for sure");
        }
    }

    private void repository(String base) {
        if (isMissing(base + "url")) {
            problems.add(
                    new Problem(placeOf(base), base + "url", "must be given: s3://bucket/prefix or file:///directory"));
        }
        boolean directory = settings.text(base + "url")
                .filter(url -> url.startsWith("file:"))
                .isPresent();
        if (directory) {
            S3_ONLY.stream()
                    .filter(key -> isWritten(base + key))
                    .forEach(key -> problem(base + key, "is for s3:// only, and this repository is a directory"));
        }
        encryption(base);
        pair(base + "credentials.access-key", base + "credentials.secret-key");
        endpoint(base);
        if (settings.find(base + "object-lock.mode").isPresent()
                != settings.find(base + "object-lock.days").isPresent()) {
            problems.add(
                    new Problem(placeOf(base + "object-lock"), base + "object-lock", "mode and days belong together"));
        }
    }

    private void encryption(String base) {
        String key = base + "encryption";
        boolean none = settings.find(key).isPresent();
        boolean chosen = List.of(".key-file", ".passphrase-file", ".key", ".passphrase").stream()
                .anyMatch(name -> settings.find(key + name).isPresent());
        if (none && chosen) {
            problem(key, "none and a key exclude each other");
        } else if (!none && !chosen && noProblemAt(key)) {
            problems.add(new Problem(
                    placeOf(base),
                    key,
                    "must be chosen: {key-file: /etc/pgbk/key} (pgbk key generate makes one), or none to store everything"
                            + " unencrypted"));
        }
    }

    private void pair(String access, String secret) {
        boolean hasAccess = isGiven(access);
        boolean hasSecret = isGiven(secret);
        if (hasAccess != hasSecret && noProblemAt(access) && noProblemAt(secret)) {
            String missing = hasAccess ? secret : access;
            problems.add(new Problem(
                    placeOf(hasAccess ? access : secret),
                    missing + "-file",
                    "must be given: access key and secret key belong together"));
        }
    }

    private void endpoint(String base) {
        settings.address(base + "endpoint").ifPresent(address -> {
            String path = address.getRawPath();
            boolean bare = (path == null || path.isEmpty() || path.equals("/")) && address.getRawQuery() == null;
            if (!bare) {
                problem(base + "endpoint", "has a path; bucket and prefix belong into url: s3://bucket/prefix");
            }
            boolean allowed = settings.flag(base + "allow-http").orElse(false)
                    || LOOPBACK.matcher(address.getHost()).matches();
            if (address.getScheme().equals("http") && !allowed) {
                problem(base + "endpoint", "http is refused for another host; use https, or write allow-http: true");
            }
        });
    }

    private boolean isGiven(String key) {
        return settings.find(key).isPresent() || settings.find(key + "-file").isPresent();
    }

    private boolean isWritten(String path) {
        return settings.find(path)
                .filter(setting -> !(setting.origin() instanceof Origin.Default))
                .isPresent();
    }

    private boolean isMissing(String path) {
        return settings.find(path).isEmpty() && noProblemAt(path);
    }

    /** A value that could not be read has its problem already. */
    private boolean noProblemAt(String path) {
        return problems.stream()
                .noneMatch(
                        problem -> problem.key().equals(path) || problem.key().startsWith(path + "."));
    }

    private void problem(String path, String message) {
        problems.add(new Problem(placeOf(path), path, message));
    }

    /** The place of a value, else of the section around it, else the file. */
    private String placeOf(String path) {
        Optional<String> place = settings.find(path)
                .filter(setting -> !(setting.origin() instanceof Origin.Default))
                .map(setting -> setting.origin().describe());
        String section = path.endsWith(".") ? path.substring(0, path.length() - 1) : path;
        while (place.isEmpty() && !section.isEmpty()) {
            place = settings.sectionPlace(section);
            section = section.substring(0, Math.max(0, section.lastIndexOf('.')));
        }
        return place.orElse(source);
    }
}
