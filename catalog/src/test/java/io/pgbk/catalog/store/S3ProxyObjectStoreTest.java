package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.S3Endpoint;
import io.pgbk.testkit.S3ProxyServer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class S3ProxyObjectStoreTest extends S3StoreContract {
    private static S3ProxyServer server;

    @BeforeAll
    static void startServer(@TempDir Path directory) {
        server = S3ProxyServer.start(directory, "contract");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Override
    S3Endpoint endpoint() {
        return server.endpoint("contract");
    }

    @Test
    void theChecksumsOfAwsWorkWhereTheServerKnowsThem() {
        S3StoreConfig config = config(endpoint(), "aws").withChecksumMode(ChecksumMode.AWS);
        try (ObjectStore aws = ObjectStores.open(config)) {
            assertThat(aws.create("whole", body("x"))).isEqualTo(CreateOutcome.CREATED);
            assertThat(aws.create("empty", body(""))).isEqualTo(CreateOutcome.CREATED);
            byte[] content = randomBytes(PART_BYTES + 1);
            try (ObjectUpload upload = aws.upload("parts")) {
                upload.write(ByteBuffer.wrap(content));
                upload.complete();
            }
            assertThat(aws.readAll("parts", content.length)).isEqualTo(content);
            assertThat(aws.delete(List.of("whole", "empty", "parts"))).isEmpty();
        }
    }
}
