package io.pgbk.postgres.files;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.ConfigurationFile.Kind;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** PostgreSQL's configuration files and the names of its files, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FilesFuzzTest implements FuzzTargets {
    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                FuzzTarget.of(
                        "inclusions",
                        () -> texts(
                                "include 'a.conf'\ninclude_dir = conf.d # x\nINCLUDE_IF_EXISTS='it''s\\'\\n'\n",
                                "host all,@admins \"@x\" 10.0.0.0/8 scram-sha-256\ninclude \"b c\"\n"),
                        FilesFuzzTest::inclusions),
                FuzzTarget.of(
                        "relation-file",
                        () -> texts("16384", "16384_fsm", "16384_vm.1", "16384.12", "t3_16384", "16384_init"),
                        FilesFuzzTest::relation));
    }

    private static List<byte[]> texts(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }

    private static void inclusions(byte[] input) {
        String text = new String(input, StandardCharsets.ISO_8859_1);
        for (Kind kind : Kind.values()) {
            assertThat(Inclusion.find(kind, text))
                    .allSatisfy(inclusion -> assertThat(
                                    FileNames.toPath(inclusion.target()).toString())
                            .isNotEmpty());
        }
    }

    @SuppressWarnings("ReturnValueIgnored") // whether it fails is all that is asked
    private static void relation(byte[] input) {
        String name = new String(input, StandardCharsets.ISO_8859_1);
        RelationFile.isTemporary(name);
        RelationFile.parse(name)
                .ifPresent(file -> assertThat(name).contains(file.fork().suffix()));
    }
}
