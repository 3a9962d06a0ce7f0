package io.pgbk.cli.wiring;

import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.config.Settings;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.OptionalInt;

/** The retention policy that a configuration says. */
public final class RetentionSettings {
    private RetentionSettings() {}

    /** The policy for a repository; without any rule it keeps everything. */
    public static RetentionPolicy of(Configuration configuration, ConfigurationRepository repository) {
        Settings settings = repository.settings();
        return new RetentionPolicy(
                settings.number(repository.path("retention.full"))
                        .map(OptionalInt::of)
                        .orElseGet(OptionalInt::empty),
                settings.span(repository.path("retention.window")),
                settings.number(repository.path("retention.weekly")).orElse(0),
                settings.number(repository.path("retention.monthly")).orElse(0),
                settings.number(repository.path("retention.yearly")).orElse(0),
                configuration
                        .settings()
                        .zone("time-zone")
                        .<ZoneId>map(zone -> zone)
                        .orElse(ZoneOffset.UTC),
                settings.span(repository.path("retention.grace")).orElse(RetentionPolicy.DEFAULT_GRACE));
    }
}
