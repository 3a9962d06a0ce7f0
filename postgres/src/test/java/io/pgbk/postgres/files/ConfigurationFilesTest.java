package io.pgbk.postgres.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationFilesTest {
    @TempDir
    Path directory;

    @BeforeEach
    void makeTheThreeFiles() throws IOException {
        write("postgresql.conf", "port = 5432\n");
        write("pg_hba.conf", "local all all peer\n");
        write("pg_ident.conf", "");
    }

    @Test
    void includedFilesAreCollectedInTheOrderInWhichPostgresqlReadsThem() throws IOException {
        write("postgresql.conf", """
                #include 'no.conf'
                include 'it''s one.conf' # comment
                INCLUDE_IF_EXISTS = missing.conf
                include_dir 'conf.d'
                include_if_exists two.conf#x
                shared_preload_libraries = 'include'
                """);
        write("it's one.conf", "include 'conf.d/../deeper.conf'\n");
        write("deeper.conf", "work_mem = '4MB'\n");
        write("two.conf", "");
        write("conf.d/10.conf", "");
        write("conf.d/9.conf", "");
        write("conf.d/.hidden.conf", "");
        write("conf.d/readme", "");
        write("pg_hba.conf", """
                host @databases,app "@quoted",@"user list" 0.0.0.0/0 scram-sha-256 # @comment
                include_dir hba.d
                """);
        write("databases", "a\n@more\n");
        write("more", "b\n");
        write("user list", "joe\n");
        write("hba.d/a.conf", "");
        ConfigurationFiles.Collected collected = collect();
        assertThat(collected.warnings()).isEmpty();
        assertThat(collected.files())
                .extracting(file -> file.path().substring(directory.toString().length() + 1))
                .containsExactly(
                        "postgresql.conf",
                        "it's one.conf",
                        "deeper.conf",
                        "conf.d/10.conf",
                        "conf.d/9.conf",
                        "two.conf",
                        "pg_hba.conf",
                        "databases",
                        "more",
                        "user list",
                        "hba.d/a.conf",
                        "pg_ident.conf");
        assertThat(collected.files().get(0).included()).isFalse();
        assertThat(collected.files().get(2).included()).isTrue();
    }

    @Test
    void whatCannotBeReadBecomesAWarning() throws IOException {
        write("postgresql.conf", "include 'missing.conf'\ninclude 'big.conf'\ninclude_dir 'nowhere'\n");
        Files.write(directory.resolve("big.conf"), new byte[(4 << 20) + 1]);
        ConfigurationFiles.Collected collected = collect();
        assertThat(collected.files()).hasSize(3);
        assertThat(collected.warnings()).hasSize(3).anyMatch(warning -> warning.contains("missing.conf"));
    }

    @Test
    void filesThatIncludeThemselvesEnd() throws IOException {
        write("postgresql.conf", "include 'postgresql.conf'\ninclude_dir '.'\n");
        assertThat(collect().files()).hasSize(3);
    }

    private ConfigurationFiles.Collected collect() {
        return ConfigurationFiles.collect(
                directory.resolve("postgresql.conf"),
                directory.resolve("pg_hba.conf"),
                directory.resolve("pg_ident.conf"));
    }

    private void write(String name, String content) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }
}
