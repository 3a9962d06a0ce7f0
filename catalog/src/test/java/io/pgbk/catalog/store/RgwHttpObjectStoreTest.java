package io.pgbk.catalog.store;

import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Endpoint;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

class RgwHttpObjectStoreTest extends S3StoreContract {
    private static S3Endpoint endpoint;

    @BeforeAll
    static void findServer() {
        Optional<RgwServer> server = RgwServer.find();
        Assumptions.assumeTrue(server.isPresent(), "NOT TESTED: Ceph RADOS Gateway is not installed");
        endpoint = server.orElseThrow().http("contract-http");
    }

    @Override
    S3Endpoint endpoint() {
        return endpoint;
    }
}
