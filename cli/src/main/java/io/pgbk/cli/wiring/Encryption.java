package io.pgbk.cli.wiring;

import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.config.SecretFile;
import io.pgbk.cli.config.Settings;
import io.pgbk.postgres.files.FileNames;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The secrets that open a configured repository. */
public final class Encryption {
    private Encryption() {}

    /**
     * What the configuration says; the key file comes before the passphrase, because it costs nothing to try.
     *
     * @throws io.pgbk.error.PgbkException when a secret cannot be read or is no key
     */
    public static EncryptionSettings of(ConfigurationRepository repository) {
        if (!repository.isEncrypted()) {
            return new EncryptionSettings.Plain();
        }
        Settings settings = repository.settings();
        List<UnlockSecret> secrets = new ArrayList<>();
        String key = repository.path("encryption.key");
        String passphrase = repository.path("encryption.passphrase");
        settings.text(key).ifPresent(text -> {
            byte[] content = text.getBytes(StandardCharsets.US_ASCII);
            secrets.add(UnlockSecret.KeyFile.parse(content, Path.of(describe(settings, key))));
            Arrays.fill(content, (byte) 0);
        });
        settings.text(key + "-file").ifPresent(text -> secrets.add(keyFile(FileNames.fromText(text), key + "-file")));
        settings.text(passphrase).ifPresent(text -> {
            byte[] content = text.getBytes(StandardCharsets.UTF_8);
            secrets.add(new UnlockSecret.Passphrase(Secret.copyOf(content), describe(settings, passphrase)));
            Arrays.fill(content, (byte) 0);
        });
        settings.text(passphrase + "-file")
                .ifPresent(text -> secrets.add(passphraseFile(FileNames.fromText(text), passphrase + "-file")));
        return new EncryptionSettings.Encrypted(secrets);
    }

    /**
     * The key in a file.
     *
     * @param source the configuration key or option that names it, for messages
     */
    public static UnlockSecret keyFile(Path file, String source) {
        byte[] content = SecretFile.read(file, source);
        try {
            return UnlockSecret.KeyFile.parse(content, file);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /**
     * The passphrase on the first line of a file.
     *
     * @param source the configuration key or option that names it, for messages
     */
    public static UnlockSecret passphraseFile(Path file, String source) {
        byte[] line = SecretFile.readLine(file, source);
        try {
            return new UnlockSecret.Passphrase(Secret.copyOf(line), FileNames.display(file));
        } finally {
            Arrays.fill(line, (byte) 0);
        }
    }

    private static String describe(Settings settings, String path) {
        return settings.find(path).orElseThrow().origin().describe();
    }
}
