package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStores;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What info says about repositories that are large or damaged. */
class InfoTest {
    private static final int MANY = 1000;
    private static final ClusterName CLUSTER = new ClusterName("main");

    private final CommandSite site = SharedSite.get();
    private final String label = SharedSite.label();

    private Path copy(String name) {
        site.copyRepository(name);
        return site.configure(name + ".yaml", site.repository("primary", name));
    }

    @Test
    void aBackupWhoseSummaryIsDamagedIsNamedAndNotHidden() throws IOException {
        Path config = copy("info-damaged");
        Path summary = site.directory()
                .resolve("info-damaged")
                .resolve(RepositoryLayout.backup(CLUSTER, Label.require(label)));
        byte[] content = Files.readAllBytes(summary);
        content[content.length / 2] ^= 1;
        summary.toFile().setWritable(true);
        Files.write(summary, content);

        assertThat(site.runWith(config, "info").orFail().out()).contains("DAMAGED backup " + label + ": ");
        JsonNode damaged =
                site.runWith(config, "info", "--output", "json").orFail().json().at("/repositories/0/damaged/0");
        assertThat(damaged.get("label").asString()).isEqualTo(label);
        assertThat(damaged.get("code").asString()).isEqualTo("object-damaged");
    }

    @Test
    void aThousandBackupsAreListedWithOneReadEach() {
        Path config = copy("info-many");
        addBackups(site.directory().resolve("info-many"));
        long started = System.nanoTime();
        Outcome info = site.runWith(config, "info", "-v").orFail();
        System.out.printf(
                Locale.ROOT,
                "info with %d backups: %.1f s%n%s",
                MANY + 1,
                (System.nanoTime() - started) / 1e9,
                info.err());
        assertThat(info.out().lines().filter(line -> line.contains("-incr  "))).hasSize(MANY);
        // repository.json, key slot and incarnation, summaries, a few segments' indexes.
        assertThat(Long.parseLong(info.err().replaceAll("(?s).* (\\d+) GET.*", "$1")))
                .isBetween((long) MANY, MANY + 20L);
    }

    /** Summaries like that of the site's backup, each a second and some bytes of WAL later. */
    private void addBackups(Path directory) {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) 0x77);
        try (Repository repository = Repository.open(
                ObjectStores.open(new DirectoryStoreConfig(directory)),
                new EncryptionSettings.Encrypted(
                        List.of(new UnlockSecret.KeyFile(Secret.copyOf(key), "the site's key"))),
                RepositoryRuntime.system(Compression.DEFAULT, directory))) {
            String path = RepositoryLayout.backup(CLUSTER, Label.require(label));
            byte[] summary = new SmallObjectCodec(repository.keys(), new SecureRandom())
                    .open(ObjectKind.BACKUP, path, repository.store().readAll(path, 1 << 20));
            ObjectNode json =
                    (ObjectNode) JsonMapper.builder().build().readTree(new String(summary, StandardCharsets.UTF_8));
            for (int i = 0; i < MANY; i++) {
                Label next =
                        Label.require(String.format(Locale.ROOT, "20301121T00%02d%02dZ-many-incr", i / 60, i % 60));
                json.put("label", next.value());
                json.put("type", "incremental");
                json.put("parent", label);
                json.put("sequence", i + 2);
                repository.documents().create(ObjectKind.BACKUP, RepositoryLayout.backup(CLUSTER, next), json);
            }
        }
    }
}
