package io.pgbk.catalog.repository.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.pgbk.error.PgbkException;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RepositoryLayoutTest {
    private static final String C = "clusters/main/";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "repository.json",
                "keys/0a1b2c3d-0001-00ff00ff.json",
                "policy/00000001",
                C + "incarnations/1.json",
                C + "wal/1/00000001/00000000/000000010000000000000001",
                C + "wal/1/00000001/00000000/000000010000000000000001.0a1b2c3d",
                C + "wal/1/00000001/00000000/000000010000000000000001.partial.0a1b2c3d",
                C + "wal/1/00000001/00000000/000000010000000000000001.00000028.backup",
                C + "wal/1/00000001/00000000/000000010000000000000001.events/00000001",
                C + "wal/12/0000000A.history",
                C + "wal-index/1/00000001/000000010000000000000000-0000000100000000000000FF",
                C + "backups/20261121T031500Z-7k2f-full/intent",
                C + "backups/20261121T031500Z-7k2f-full/alive/00000001",
                C + "backups/20261121T031500Z-7k2f-diff/manifest/00000001",
                C + "backups/20261121T031500Z-7k2f-incr/backup",
                C + "backups/20261121T031500Z-7k2f-full/events/00000042",
                C + "packs/20261121T031500Z-7k2f-full/00000000",
                C + "holds/0123456789abcdef.00000000",
                C + "locks/00000001",
                C + "leases/backup/00000001/00000002"
            })
    void everyNameOfTheTreeIsRecognisedAndBuiltAgain(String key) {
        RepositoryObject object = RepositoryLayout.parse(key);

        assertThat(object).isNotInstanceOf(RepositoryObject.Unknown.class);
        assertThat(object.key()).isEqualTo(key);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "repository.json/",
                "Repository.json",
                "keys/.json",
                "keys/UPPER.json",
                "policy/1",
                "policy/000000001",
                "clusters/../incarnations/1.json",
                "clusters/Main/incarnations/1.json",
                C + "incarnations/01.json",
                C + "incarnations/0.json",
                C + "incarnations/999999999.json",
                C + "wal/1/00000001/00000001/000000010000000000000001",
                C + "wal/1/00000002/00000000/000000010000000000000001",
                C + "wal/1/00000001/00000000/000000010000000000000001.0A1B2C3D",
                C + "wal/1/00000001/00000000/000000010000000000000001.events/1",
                C + "wal/1/0000000a.history",
                C + "wal/1/00000001/00000000/0000000A.history",
                C + "backups/20261321T031500Z-7k2f-full/intent",
                C + "backups/20261121T031500Z-7k2f-copy/intent",
                C + "backups/20261121T031500Z-7K2F-full/intent",
                C + "backups/20261121T031500Z-7k2f-full/alive/-0000001",
                C + "backups/20261121T031500Z-7k2f-full/other",
                C + "holds/0123456789abcdef",
                C + "leases/backup/1/2",
                "clusters//wal/1",
                "a/b/c/d/e/f/g/h"
            })
    void anythingElseIsUnknownAndKeepsItsKey(String key) {
        assertThat(RepositoryLayout.parse(key)).isEqualTo(new RepositoryObject.Unknown(key));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a..b", "-a", "a-", "A", "a/b", "a b", "ä", "a\u0000b"})
    void aHostileClusterNameIsRefused(String name) {
        assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> new ClusterName(name));
    }

    @Test
    void aLabelSaysTimeAndTypeAndIsReadBack() {
        Label label = Label.generate(Instant.parse("2026-11-21T03:15:00.9Z"), new Random(1), BackupType.FULL);

        assertThat(label.value()).matches("20261121T031500Z-[a-z0-9]{4}-full");
        assertThat(Label.parse(label.value())).contains(label);
        assertThatIllegalArgumentException().isThrownBy(() -> new Label(label.value(), BackupType.INCREMENTAL));
    }
}
