package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.PgbkException;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** What a store answers to a LIST, damaged and hostile: the real client, the answer in the place of the network. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ListAnswerFuzzTest implements FuzzTargets {
    private static final String START = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    private static final String OBJECTS = START
            + "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix>pg/</Prefix>"
            + "<KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
            + "<Contents><Key>pg/clusters/a</Key><Size>5</Size><ETag>\"x\"</ETag></Contents>"
            + "<Contents><Key>pg/clusters/b</Key><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>"
            + "<CommonPrefixes><Prefix>pg/clusters/c/</Prefix></CommonPrefixes></ListBucketResult>";
    private static final String TRUNCATED = OBJECTS.replace(
            "<IsTruncated>false</IsTruncated>",
            "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>");
    private static final String VERSIONS = START
            + "<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix>pg/</Prefix>"
            + "<KeyMarker></KeyMarker><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
            + "<Version><Key>pg/clusters/a</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><Size>5</Size></Version>"
            + "<Version><Key>pg/clusters/a</Key><VersionId>v0</VersionId><IsLatest>false</IsLatest><Size>4</Size></Version>"
            + "<DeleteMarker><Key>pg/clusters/b</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest></DeleteMarker>"
            + "</ListVersionsResult>";
    private static final String TRUNCATED_VERSIONS = VERSIONS.replace(
            "<IsTruncated>false</IsTruncated>",
            "<IsTruncated>true</IsTruncated><NextKeyMarker>pg/clusters/b</NextKeyMarker>"
                    + "<NextVersionIdMarker>v2</NextVersionIdMarker>");
    private static final byte[] LAST =
            OBJECTS.replace("clusters/", "clusters/e").getBytes(StandardCharsets.UTF_8);
    private static final byte[] LAST_VERSIONS =
            VERSIONS.replace("clusters/", "clusters/e").getBytes(StandardCharsets.UTF_8);
    private static final long ALLOCATED_BYTES = 64L << 20;
    private static final S3StoreConfig CONFIG =
            S3StoreConfig.of("bucket", "pg").withLimits(Timeouts.DEFAULT, 1, S3StoreConfig.Transfer.DEFAULT);

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
                FuzzTarget.of("list", () -> texts(OBJECTS, TRUNCATED), input -> {
                            assertThat(objects(input, false)).isLessThanOrEqualTo(input.length);
                            children(input, false);
                            refusedOrRead(() -> objects(input, true));
                            refusedOrRead(() -> children(input, true));
                        })
                        .withMaxAllocatedBytes(ALLOCATED_BYTES),
                FuzzTarget.of("list-versions", () -> texts(VERSIONS, TRUNCATED_VERSIONS), input -> {
                            assertThat(versions(input, false)).isLessThanOrEqualTo(input.length);
                            refusedOrRead(() -> versions(input, true));
                        })
                        .withMaxAllocatedBytes(ALLOCATED_BYTES));
    }

    @Test
    void aListingThatNeverEndsIsRefused() {
        String pages = "<ListBucketResult><IsTruncated>true</IsTruncated>"
                + "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
        String start = "<ListVersionsResult><IsTruncated>true</IsTruncated>"
                + "<NextKeyMarker>pg/clusters/a</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>";
        String version = "<Version><Key>pg/clusters/a</Key><VersionId>v</VersionId><Size>1</Size></Version>";
        assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> objects(utf8(pages), true));
        assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> children(utf8(pages), true));
        for (String inside : List.of("", version)) {
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> versions(utf8(start + inside + "</ListVersionsResult>"), true))
                    .withMessageContaining("does not end a listing");
        }
    }

    @Test
    void aVersionWithoutAnIdIsRefused() {
        for (String id : List.of("", "<VersionId></VersionId>")) {
            for (String kind : List.of("Version", "DeleteMarker")) {
                String entry = "<" + kind + "><Key>pg/clusters/a</Key>" + id + "<Size>1</Size></" + kind + ">";
                byte[] answer =
                        utf8("<ListVersionsResult><IsTruncated>false</IsTruncated>" + entry + "</ListVersionsResult>");
                assertThatExceptionOfType(PgbkException.class)
                        .isThrownBy(() -> versions(answer, true))
                        .withMessageContaining("no id");
            }
        }
    }

    /** Whoever may write into a bucket can lay any number of versions over a name. */
    @Test
    void hazardOfManyVersionsOverOneNameOnlyTheOldestAreKept() {
        StringBuilder entries = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            entries.append("<Version><Key>pg/clusters/a</Key><VersionId>v")
                    .append(i)
                    .append("</VersionId><Size>")
                    .append(i)
                    .append("</Size></Version>");
        }
        entries.append("<DeleteMarker><Key>pg/clusters/a</Key><VersionId>m</VersionId></DeleteMarker>");
        byte[] first =
                utf8("<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>pg/clusters/a</NextKeyMarker>"
                        + "<NextVersionIdMarker>v999</NextVersionIdMarker>" + entries + "</ListVersionsResult>");
        byte[] last = utf8("<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>pg/clusters/a</Key>"
                + "<VersionId>oldest</VersionId><Size>7</Size></Version></ListVersionsResult>");
        try (S3Client client = client(first, last)) {
            S3Versions.History history = S3Attempts.run(
                    CONFIG,
                    "list",
                    "clusters/a",
                    0,
                    limits -> new S3Versions(client, CONFIG).history("clusters/a", limits));
            assertThat(history.oldest().orElseThrow().id()).isEqualTo("oldest");
            assertThat(history.isMarked()).isTrue();
            assertThat(history.oldestContents()).hasSize(101);
        }
        try (S3Client client = client(first, last)) {
            S3VersionListing listing = new S3VersionListing(CONFIG, new S3Versions(client, CONFIG), "clusters/", "");
            assertThat(listing.next()).isEqualTo(new ObjectInfo("clusters/a", 7));
            assertThat(listing.hasNext()).isFalse();
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<byte[]> texts(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    /** For ever the same answer comes to an end, too. */
    private static void refusedOrRead(Runnable read) {
        try {
            read.run();
        } catch (PgbkException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** As UTF-8, or the parser of the S3 client tells standard error of every wrong byte. */
    private static byte[] utf8(byte[] input) {
        return new String(input, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
    }

    private static int objects(byte[] answer, boolean forEver) {
        try (S3Client client = client(answer, forEver ? answer : LAST)) {
            return count(new S3Listing(client, CONFIG, "clusters/", ""));
        }
    }

    private static int versions(byte[] answer, boolean forEver) {
        try (S3Client client = client(answer, forEver ? answer : LAST_VERSIONS)) {
            S3Versions versions = new S3Versions(client, CONFIG);
            versions.children("clusters/").forEach(child -> assertThat(child).isNotEmpty());
            return count(new S3VersionListing(CONFIG, versions, "clusters/", ""));
        }
    }

    private static void children(byte[] answer, boolean forEver) {
        try (S3Client client = client(answer, forEver ? answer : LAST)) {
            assertThat(S3Listing.children(client, CONFIG, "clusters/")).allMatch(child -> !child.isEmpty());
        }
    }

    private static int count(Iterator<ObjectInfo> listing) {
        int count = 0;
        while (listing.hasNext()) {
            ObjectInfo object = listing.next();
            assertThat(Keys.isValid(object.key())).isTrue();
            assertThat(object.length()).isNotNegative();
            count++;
        }
        return count;
    }

    private static S3Client client(byte[] first, byte[] others) {
        return S3Client.builder()
                .region(Region.US_EAST_1)
                .endpointOverride(URI.create("http://127.0.0.1:9"))
                .forcePathStyle(true)
                .credentialsProvider(AnonymousCredentialsProvider.create())
                .overrideConfiguration(override -> override.retryStrategy(retry -> retry.maxAttempts(1)))
                .httpClient(new Answers(utf8(first), utf8(others)))
                .build();
    }

    /** Answers the first request with one body and all others with another. */
    private static final class Answers implements SdkHttpClient {
        private final byte[] others;
        private byte[] next;

        Answers(byte[] first, byte[] others) {
            this.next = first;
            this.others = others;
        }

        @Override
        public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
            byte[] body = next;
            next = others;
            return new ExecutableHttpRequest() {
                @Override
                public HttpExecuteResponse call() {
                    return HttpExecuteResponse.builder()
                            .response(SdkHttpResponse.builder()
                                    .statusCode(200)
                                    .putHeader("Content-Type", "application/xml")
                                    .putHeader("Content-Length", Integer.toString(body.length))
                                    .build())
                            .responseBody(AbortableInputStream.create(new ByteArrayInputStream(body)))
                            .build();
                }

                @Override
                public void abort() {}
            };
        }

        @Override
        public void close() {}
    }
}
