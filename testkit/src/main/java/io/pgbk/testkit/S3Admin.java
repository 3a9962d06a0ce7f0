package io.pgbk.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What tests do to a bucket from outside of pgbk: make it, turn versions on, look at it. Signs its requests by itself
 * (AWS Signature Version 4, path style, plain HTTP only), so that nothing under test is needed to prepare a test.
 */
public final class S3Admin {
    private static final DateTimeFormatter BASIC_TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private static final Pattern KEY = Pattern.compile("<Key>([^<]+)</Key>");
    private static final Pattern VERSION_ID = Pattern.compile("<VersionId>([^<]+)</VersionId>");

    private final S3Endpoint endpoint;

    public S3Admin(S3Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    /** An answer: its status and its body as text. */
    public record Answer(int status, String body) {}

    /** Makes the endpoint's bucket; fine when these credentials own it already. */
    public void createBucket() {
        Answer answer = send("PUT", "", Map.of(), "");
        if (answer.status() / 100 != 2 && answer.status() != 409) {
            throw new IllegalStateException("cannot make bucket " + endpoint + ": " + answer);
        }
    }

    /** Makes the endpoint's bucket with object lock, which turns versions on as well. */
    public void createLockedBucket() {
        Answer answer = send("PUT", "", Map.of(), Map.of("x-amz-bucket-object-lock-enabled", "true"), "");
        if (answer.status() / 100 != 2) {
            throw new IllegalStateException("cannot make bucket " + endpoint + " with object lock: " + answer);
        }
    }

    /** Has the bucket lock every new object for so many days; it was made with object lock. */
    public void lockByDefault(int days) {
        Answer answer = send(
                "PUT",
                "",
                Map.of("object-lock", ""),
                "<ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                        + "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
                        + "<Mode>GOVERNANCE</Mode><Days>" + days + "</Days></DefaultRetention></Rule>"
                        + "</ObjectLockConfiguration>");
        if (answer.status() / 100 != 2) {
            throw new IllegalStateException("cannot give " + endpoint + " a default retention: " + answer);
        }
    }

    /** Turns versioning on. */
    public void enableVersioning() {
        Answer answer = send(
                "PUT",
                "",
                Map.of("versioning", ""),
                "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                        + "<Status>Enabled</Status></VersioningConfiguration>");
        if (answer.status() / 100 != 2) {
            throw new IllegalStateException("cannot turn on versions of " + endpoint + ": " + answer);
        }
    }

    /**
     * Sends one signed request.
     *
     * @param key object key, empty for the bucket itself
     */
    public Answer send(String method, String key, Map<String, String> query, String body) {
        return send(method, key, query, Map.of(), body);
    }

    /** Writes an object, whatever is there. */
    public void put(String key, byte[] content) {
        // One character for each byte.
        Answer answer = send("PUT", key, Map.of(), new String(content, StandardCharsets.ISO_8859_1));
        if (answer.status() / 100 != 2) {
            throw new IllegalStateException("cannot write " + key + " to " + endpoint + ": " + answer);
        }
    }

    /** A version or a delete marker. */
    public record Version(String key, String id) {}

    /** Everything that a bucket keeps of the names that begin so; at most a page. */
    public List<Version> versions(String prefix) {
        String listing =
                send("GET", "", Map.of("versions", "", "prefix", prefix), "").body();
        if (!listing.contains("<IsTruncated>false</IsTruncated>")) {
            throw new IllegalStateException("more versions below " + prefix + " than fit a page, or none: " + listing);
        }
        List<Version> versions = new ArrayList<>();
        Matcher key = KEY.matcher(listing);
        Matcher id = VERSION_ID.matcher(listing);
        while (key.find() && id.find(key.end())) {
            versions.add(new Version(key.group(1), id.group(1)));
        }
        return versions;
    }

    /** What somebody does who can write and delete, but no versions: junk and a delete marker over every name. */
    public void coverEverything(String prefix) {
        for (Version version : versions(prefix)) {
            put(version.key(), "all your data are belong to us".getBytes(StandardCharsets.US_ASCII));
            Answer answer = send("DELETE", version.key(), Map.of(), "");
            if (answer.status() != 204) {
                throw new IllegalStateException("cannot delete " + version + " of " + endpoint + ": " + answer);
            }
        }
    }

    /** Removes every version below the prefix, and returns those that the store refused to remove. */
    public List<Version> removeEveryVersion(String prefix) {
        List<Version> refused = new ArrayList<>();
        for (Version version : versions(prefix)) {
            Answer answer = send("DELETE", version.key(), Map.of("versionId", version.id()), "");
            if (answer.status() == 403) {
                refused.add(version);
            } else if (answer.status() != 204) {
                throw new IllegalStateException("cannot remove " + version + " of " + endpoint + ": " + answer);
            }
        }
        return refused;
    }

    /**
     * Sends one signed request with headers of its own.
     *
     * @param key object key, empty for the bucket itself
     * @param headers by lower-case name; all begin with {@code x-amz-}
     */
    public Answer send(String method, String key, Map<String, String> query, Map<String, String> headers, String body) {
        try (HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build()) {
            HttpRequest request =
                    sign(method, "/" + endpoint.bucket() + "/" + key, new TreeMap<>(query), headers, body);
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private HttpRequest sign(
            String method, String path, Map<String, String> query, Map<String, String> headers, String body) {
        String time = BASIC_TIME.format(Instant.now());
        String date = time.substring(0, 8);
        String host = endpoint.url().getAuthority();
        String payloadDigest = hex(sha256(body));
        String rawPath = path.replace("//", "/").endsWith("/") ? path.substring(0, path.length() - 1) : path;
        String queryText = query.entrySet().stream()
                .map(parameter -> encode(parameter.getKey()) + "=" + encode(parameter.getValue()))
                .collect(Collectors.joining("&"));
        Map<String, String> signed = new TreeMap<>(headers);
        signed.put("host", host);
        signed.put("x-amz-content-sha256", payloadDigest);
        signed.put("x-amz-date", time);
        String names = String.join(";", signed.keySet());
        String canonical = String.join(
                "\n",
                method,
                rawPath,
                queryText,
                signed.entrySet().stream()
                        .map(header -> header.getKey() + ":" + header.getValue())
                        .collect(Collectors.joining("\n")),
                "",
                names,
                payloadDigest);
        String scope = date + "/" + endpoint.region() + "/s3/aws4_request";
        String toSign = String.join("\n", "AWS4-HMAC-SHA256", time, scope, hex(sha256(canonical)));
        byte[] key = ("AWS4" + endpoint.secretKey()).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/", -1)) {
            key = hmac(key, part);
        }
        String authorization = "AWS4-HMAC-SHA256 Credential=" + endpoint.accessKey() + "/" + scope + ", SignedHeaders="
                + names + ", Signature=" + hex(hmac(key, toSign));
        String query0 = queryText.isEmpty() ? "" : "?" + queryText;
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(endpoint.url() + rawPath + query0));
        headers.forEach(request::header);
        return request.method(method, HttpRequest.BodyPublishers.ofString(body, StandardCharsets.ISO_8859_1))
                .version(HttpClient.Version.HTTP_1_1)
                .timeout(Duration.ofSeconds(60))
                .header("x-amz-content-sha256", payloadDigest)
                .header("x-amz-date", time)
                .header("Authorization", authorization)
                .build();
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.ISO_8859_1));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
