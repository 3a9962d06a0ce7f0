package io.pgbk.cli.command;

import io.pgbk.cli.config.ConfigurationException;
import io.pgbk.cli.config.Problem;
import io.pgbk.cli.config.SecretFile;
import io.pgbk.cli.config.Setting;
import io.pgbk.cli.config.Settings;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Tries every file with a secret that the configuration names. */
final class SecretFiles {
    private static final Set<String> NAMES =
            Set.of("access-key-file", "secret-key-file", "key-file", "passphrase-file", "password-file", "token-file");

    private SecretFiles() {}

    /** The files, all of them readable and for nobody else; otherwise fails with every problem. */
    static List<String> readAll(Settings settings) {
        List<String> files = new ArrayList<>();
        List<Problem> problems = new ArrayList<>();
        for (Setting setting : settings.all()) {
            if (NAMES.contains(setting.key().name())) {
                try {
                    Arrays.fill(SecretFile.read(FileNames.fromText(setting.text()), setting.path()), (byte) 0);
                    files.add(setting.text());
                } catch (PgbkException e) {
                    String message = String.valueOf(e.getMessage());
                    String hint = e.hint() == null ? "" : "; " + e.hint();
                    problems.add(new Problem(
                            setting.origin().describe(),
                            setting.path(),
                            message.substring(message.indexOf(": ") + 2) + hint));
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return files;
    }
}
