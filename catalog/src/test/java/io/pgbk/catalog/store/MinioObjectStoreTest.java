package io.pgbk.catalog.store;

import io.pgbk.testkit.MinioServer;
import io.pgbk.testkit.S3Endpoint;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

class MinioObjectStoreTest extends S3StoreContract {
    private static S3Endpoint endpoint;

    @BeforeAll
    static void findServer() {
        Optional<MinioServer> server = MinioServer.find();
        Assumptions.assumeTrue(server.isPresent(), "NOT TESTED: MinIO, no Docker engine answers");
        endpoint = server.orElseThrow().endpoint("contract");
    }

    @Override
    S3Endpoint endpoint() {
        return endpoint;
    }
}
