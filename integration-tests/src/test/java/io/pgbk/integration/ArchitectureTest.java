package io.pgbk.integration;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows between the modules, and who may see which library (docs/ARCHITECTURE.md). */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.pgbk");

    private static final String[] POSTGRES = {"io.pgbk.postgres..", "io.pgbk.error..", "io.pgbk.task.."};

    @Test
    void postgresKnowsNoOtherModule() {
        noClasses()
                .that()
                .resideInAnyPackage(POSTGRES)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.pgbk.catalog..",
                        "io.pgbk.archiver..",
                        "io.pgbk.restore..",
                        "io.pgbk.cli..",
                        "io.pgbk.testkit..")
                .check(CLASSES);
    }

    @Test
    void catalogKnowsOnlyPostgres() {
        noClasses()
                .that()
                .resideInAPackage("io.pgbk.catalog..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.pgbk.archiver..", "io.pgbk.restore..", "io.pgbk.cli..", "io.pgbk.testkit..")
                .check(CLASSES);
    }

    @Test
    void dataGoingInAndDataComingOutDoNotKnowEachOther() {
        noClasses()
                .that()
                .resideInAPackage("io.pgbk.archiver..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.pgbk.restore..", "io.pgbk.cli..", "io.pgbk.testkit..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("io.pgbk.restore..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.pgbk.archiver..", "io.pgbk.cli..", "io.pgbk.testkit..")
                .check(CLASSES);
    }

    @Test
    void onlyTheStorePackageSeesTheAwsSdk() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.pgbk.catalog.store..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("software.amazon.awssdk..")
                .check(CLASSES);
    }

    @Test
    void onlyTheCommandLineSeesPicocliAndYaml() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.pgbk.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("picocli..", "tools.jackson.dataformat..")
                .check(CLASSES);
    }

    @Test
    void onlyTheFormatPackageSeesCompressionAndCryptographyLibraries() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.pgbk.catalog..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.github.luben..", "org.bouncycastle..", "com.amazon.corretto..")
                .check(CLASSES);
    }

    @Test
    void onlyTheServerPackageSeesJdbc() {
        noClasses()
                .that()
                .resideInAnyPackage("io.pgbk.catalog..", "io.pgbk.archiver..", "io.pgbk.restore..", "io.pgbk.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "org.postgresql..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.pgbk.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void clocksArePassedIn() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.pgbk.postgres..", "io.pgbk.catalog..", "io.pgbk.archiver..", "io.pgbk.restore..")
                .should()
                .callMethod(java.time.Instant.class, "now")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(CLASSES);
    }
}
