package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.ErrorCode;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The contract, and what is the same for every S3 server. */
abstract class S3StoreContract extends ObjectStoreContract {
    /** The server; tests are skipped when there is none. */
    abstract S3Endpoint endpoint();

    static S3StoreConfig config(S3Endpoint endpoint, String prefix) {
        return S3StoreConfig.of(endpoint.bucket(), prefix)
                .withEndpoint(endpoint.url(), endpoint.region(), endpoint.pathStyle())
                .withCaFile(endpoint.caFile())
                .withCredentials(new S3Credentials.Fixed(endpoint.accessKey(), new Secret(endpoint.secretKey())))
                .withLimits(Timeouts.DEFAULT, 8, SMALL_PAGES);
    }

    @Override
    ObjectStore openStore(String emptyPrefix) {
        return ObjectStores.open(config(endpoint(), emptyPrefix));
    }

    @Override
    String unfinishedUploads(String usedPrefix) {
        S3Endpoint endpoint = endpoint();
        if (!endpoint.url().getScheme().equals("http")) {
            return "";
        }
        String answer = new S3Admin(endpoint)
                .send("GET", "", Map.of("uploads", "", "prefix", usedPrefix), "")
                .body();
        assertThat(answer).contains("ListMultipartUploadsResult");
        return answer.contains("<UploadId>") ? answer : "";
    }

    @Test
    void wrongCredentialsAreDeniedAndNeverTakenForAbsence() {
        S3StoreConfig config = config(endpoint().withSecretKey("wrongsecret0000000"), "denied");
        try (ObjectStore denied = ObjectStores.open(config)) {
            assertFails(ErrorCode.PERMISSION_DENIED, () -> denied.findLength("key"));
            assertFails(ErrorCode.PERMISSION_DENIED, () -> denied.readAll("key", 1));
            assertFails(ErrorCode.PERMISSION_DENIED, () -> denied.read("key", 0, 1));
            assertFails(ErrorCode.PERMISSION_DENIED, () -> denied.create("key", body("x")));
            assertFails(ErrorCode.PERMISSION_DENIED, () -> denied.list("", "").hasNext());
            assertFails(ErrorCode.PERMISSION_DENIED, denied::currentTime);
            assertFails(ErrorCode.PERMISSION_DENIED, () -> denied.delete(List.of("key")));
            try (ObjectUpload upload = denied.upload("key")) {
                assertFails(
                        ErrorCode.PERMISSION_DENIED, () -> upload.write(ByteBuffer.wrap(randomBytes(PART_BYTES + 1))));
            }
        }
    }

    @Test
    void aMissingBucketIsNoMissingObject() {
        S3StoreConfig config = config(endpoint().withBucket("pgbk-no-such-bucket"), "");
        try (ObjectStore missing = ObjectStores.open(config)) {
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> missing.findLength("key"));
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> missing.readAll("key", 1));
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> missing.create("key", body("x")));
            assertFails(
                    ErrorCode.REPOSITORY_NOT_INITIALISED,
                    () -> missing.list("", "").hasNext());
        }
    }

    @Test
    void everyOperationWorksWithContentMd5() {
        S3StoreConfig config = config(endpoint(), "md5").withChecksumMode(ChecksumMode.LEGACY_MD5);
        try (ObjectStore md5 = ObjectStores.open(config)) {
            assertThat(md5.create("whole", body("x"))).isEqualTo(CreateOutcome.CREATED);
            byte[] content = randomBytes(PART_BYTES + 1);
            try (ObjectUpload upload = md5.upload("parts")) {
                upload.write(ByteBuffer.wrap(content));
                upload.complete();
            }
            assertThat(md5.readAll("parts", content.length)).isEqualTo(content);
            assertThat(md5.delete(List.of("whole", "parts"))).isEmpty();
        }
    }
}
