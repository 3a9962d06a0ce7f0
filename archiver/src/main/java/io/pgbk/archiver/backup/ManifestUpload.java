package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.CatalogRelation;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.server.CatalogueRelation;
import io.pgbk.postgres.server.CatalogueSnapshot;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.task.TaskMonitor;
import java.util.Iterator;
import java.util.List;

/** Streams a backup's manifest into the repository. */
final class ManifestUpload {
    private static final long MOST_RELATIONS = 1_000_000;

    private final Repository repository;
    private final TaskMonitor monitor;

    ManifestUpload(Repository repository, TaskMonitor monitor) {
        this.repository = repository;
        this.monitor = monitor;
    }

    /**
     * Writes the manifest under the key; when it returns, the object is durable.
     *
     * @param server asked for the catalogue snapshot; what cannot be read of it is a warning
     */
    ManifestWriter.ManifestRef write(
            String key,
            ManifestFacts facts,
            List<PackRef> packs,
            Iterator<FileEntry> files,
            List<PageFailures.Failure> failures,
            PostgresConfig server) {
        try (ObjectUpload upload = repository.store().upload(key)) {
            ManifestWriter writer = new ManifestWriter(
                    ByteSink.of(upload),
                    repository.keys(),
                    key,
                    repository.runtime().compression(),
                    repository.runtime().random(),
                    facts,
                    packs);
            while (files.hasNext()) {
                monitor.checkCancelled();
                writer.add(files.next());
            }
            for (PageFailures.Failure failure : failures) {
                writer.add(new PageFailure(Bytes.of(failure.file().bytes()), failure.block()));
            }
            addCatalogue(writer, server);
            ManifestWriter.ManifestRef written = writer.finish();
            upload.complete();
            return written;
        }
    }

    /** Which names the files had is a convenience for people: a backup without it is a good backup. */
    private void addCatalogue(ManifestWriter writer, PostgresConfig server) {
        try {
            CatalogueSnapshot.Outcome outcome =
                    CatalogueSnapshot.read(server, MOST_RELATIONS, relation -> writer.add(line(relation)), monitor);
            outcome.skippedDatabases()
                    .forEach(skipped -> monitor.warn("the backup holds no relation names of database " + skipped));
            if (outcome.truncated()) {
                monitor.warn("the backup holds the names of the first " + MOST_RELATIONS + " relations only");
            }
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.POSTGRES_UNSUITABLE) {
                throw e;
            }
            monitor.warn("the backup holds no relation names: " + e.getMessage());
        }
    }

    private static CatalogRelation line(CatalogueRelation relation) {
        return new CatalogRelation(
                relation.databaseOid(),
                relation.database(),
                relation.schema(),
                relation.name(),
                relation.oid(),
                relation.relfilenode(),
                relation.tablespaceOid());
    }
}
