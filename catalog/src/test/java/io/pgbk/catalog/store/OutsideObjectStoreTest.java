package io.pgbk.catalog.store;

import io.pgbk.testkit.OutsideS3;
import io.pgbk.testkit.S3Endpoint;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

class OutsideObjectStoreTest extends S3StoreContract {
    private static S3Endpoint endpoint;

    @BeforeAll
    static void findServer() {
        Optional<S3Endpoint> given = OutsideS3.find();
        Assumptions.assumeTrue(given.isPresent(), "no S3 service was given by PGBK_TEST_S3_ENDPOINT");
        endpoint = given.orElseThrow();
    }

    @Override
    S3Endpoint endpoint() {
        return endpoint;
    }
}
