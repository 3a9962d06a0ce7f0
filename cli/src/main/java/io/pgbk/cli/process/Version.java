package io.pgbk.cli.process;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;

/** The version of this program. */
public final class Version {
    private Version() {}

    /** For example {@code 1.2.0}. */
    public static String current() {
        Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("/io/pgbk/cli/version.properties")) {
            properties.load(Objects.requireNonNull(in, "version.properties"));
        } catch (IOException e) {
            throw new IllegalStateException("the version cannot be read from the program's own jar", e);
        }
        return Objects.requireNonNull(properties.getProperty("version"), "version");
    }
}
