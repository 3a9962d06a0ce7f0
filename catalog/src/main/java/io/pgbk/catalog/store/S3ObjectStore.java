package io.pgbk.catalog.store;

import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.DefaultRetention;
import software.amazon.awssdk.services.s3.model.GetObjectLockConfigurationRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ObjectLockConfiguration;
import software.amazon.awssdk.services.s3.model.ObjectLockRule;

/** Objects in an S3 bucket below a key prefix. */
final class S3ObjectStore implements ObjectStore {
    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Versions versions;
    private final S3Reader reader;
    private final S3Creation creation;
    private final S3Multipart multipart;
    private final S3Deletion deletion;
    private final S3Locks locks;
    private final PartBuffers buffers;

    private S3ObjectStore(S3Client client, S3StoreConfig config, BufferPool pool) {
        this.client = client;
        this.config = config;
        versions = new S3Versions(client, config);
        reader = new S3Reader(client, config, versions);
        locks = new S3Locks(client, config, versions);
        creation = new S3Creation(client, config, reader, versions, locks);
        multipart = new S3Multipart(client, config, creation, reader, locks);
        deletion = new S3Deletion(client, config, versions, locks);
        buffers = new PartBuffers(
                pool, config.transfer().partsInFlight(), config.transfer().partBytes());
    }

    /** @param pool the process's large buffers */
    static S3ObjectStore open(S3StoreConfig config, BufferPool pool) {
        return new S3ObjectStore(S3Clients.build(config), config, pool);
    }

    @Override
    public String displayName() {
        return config.displayName();
    }

    @Override
    public CreateOutcome create(String key, ObjectBody body) {
        return creation.create(Keys.check(key), body);
    }

    @Override
    public ObjectUpload upload(String key) {
        return upload(key, Buffers.HEAP);
    }

    @Override
    public ObjectUpload upload(String key, Buffers own) {
        return new S3Upload(
                multipart,
                new UploadBuffers(buffers, own),
                Keys.check(key),
                config.transfer().partBytes());
    }

    @Override
    public long uploadBufferBytes() {
        return buffers.bufferBytes();
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        Keys.check(key);
        if (offset < 0 || length < 0) {
            throw new IllegalArgumentException("no valid range: " + offset + "+" + length);
        }
        if (length == 0) {
            long objectLength =
                    reader.findLength(key).orElseThrow(() -> new ObjectMissingException(key, config.displayName()));
            if (offset > objectLength) {
                throw Contents.rangePastEnd(key, config.displayName(), offset, length, objectLength);
            }
            return InputStream.nullInputStream();
        }
        return new S3RangeStream(reader, config, key, offset, length);
    }

    @Override
    public byte[] readAll(String key, int maxBytes) {
        return reader.readAll(Keys.check(key), maxBytes);
    }

    @Override
    public OptionalLong findLength(String key) {
        return reader.findLength(Keys.check(key));
    }

    @Override
    public Iterator<ObjectInfo> list(String prefix, String after) {
        Keys.checkPrefix(prefix);
        return versions.areListed()
                ? new S3VersionListing(config, versions, prefix, after)
                : new S3Listing(client, config, prefix, after);
    }

    @Override
    public List<String> listChildren(String prefix) {
        Keys.checkDirectory(prefix);
        return versions.areListed() ? versions.children(prefix) : S3Listing.children(client, config, prefix);
    }

    @Override
    public List<DeleteFailure> delete(Collection<String> keys) {
        keys.forEach(Keys::check);
        return deletion.delete(keys);
    }

    @Override
    public int contentNumber(String key) {
        return versions.passedOver(key);
    }

    @Override
    public boolean passOver(String key, int contentNumber) {
        Keys.check(key);
        return versions.areListed()
                && S3Attempts.run(
                        config,
                        "list the versions of",
                        key,
                        0,
                        limits -> versions.passOver(key, contentNumber, limits));
    }

    @Override
    public boolean isMarkedDeleted(String key) {
        Keys.check(key);
        return versions.areListed()
                && S3Attempts.run(config, "list the versions of", key, 0, limits -> versions.history(key, limits))
                        .isMarked();
    }

    @Override
    public Instant currentTime() {
        return S3Attempts.run(config, "ask the time", null, 0, limits -> {
            String date = client.listObjectsV2(ListObjectsV2Request.builder()
                            .bucket(config.bucket())
                            .prefix(config.objectName("repository.json"))
                            .maxKeys(1)
                            .overrideConfiguration(limits)
                            .build())
                    .sdkHttpResponse()
                    .firstMatchingHeader("Date")
                    .orElseThrow(() -> SdkClientException.create("no S3 answer: no Date header"));
            try {
                return ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME)
                        .toInstant();
            } catch (DateTimeParseException e) {
                throw SdkClientException.create("no S3 answer: Date " + date, e);
            }
        });
    }

    @Override
    public Optional<ObjectLocking> objectLocking() {
        ObjectLock lock = config.objectLock();
        return lock == null ? Optional.empty() : Optional.of(new Locking(lock));
    }

    @Override
    public Versioning versioning() {
        return versions.state();
    }

    @Override
    public Optional<String> defaultRetention() {
        return S3Attempts.run(config, "read the object lock of the bucket", null, 0, limits -> {
            try {
                ObjectLockConfiguration locking = client.getObjectLockConfiguration(
                                GetObjectLockConfigurationRequest.builder()
                                        .bucket(config.bucket())
                                        .overrideConfiguration(limits)
                                        .build())
                        .objectLockConfiguration();
                return Optional.ofNullable(locking)
                        .map(ObjectLockConfiguration::rule)
                        .map(ObjectLockRule::defaultRetention)
                        .filter(rule -> rule.modeAsString() != null)
                        .map(S3ObjectStore::describe);
            } catch (SdkException e) {
                if (saysNone(e)) {
                    return Optional.empty();
                }
                throw e;
            }
        });
    }

    /** Without object lock, without the right to ask, or without any such thing in the store, answers differ. */
    private static boolean saysNone(SdkException failure) {
        S3Failures.Meaning meaning = S3Failures.meaningOf(failure);
        return meaning == S3Failures.Meaning.DENIED
                || meaning == S3Failures.Meaning.FATAL
                || (failure instanceof AwsServiceException answer
                        && answer.statusCode() == HttpURLConnection.HTTP_NOT_FOUND
                        && meaning != S3Failures.Meaning.MISSING_BUCKET);
    }

    private static String describe(DefaultRetention rule) {
        String span = rule.days() != null ? rule.days() + " days" : rule.years() + " years";
        return "mode " + rule.modeAsString().toLowerCase(Locale.ROOT) + ", " + span;
    }

    private final class Locking implements ObjectLocking {
        private final ObjectLock lock;

        Locking(ObjectLock lock) {
            this.lock = lock;
        }

        @Override
        public ObjectLock settings() {
            return lock;
        }

        @Override
        public void extend(String key, Instant until) {
            locks.extend(Keys.check(key), until);
        }

        @Override
        public LockProbe probe(String prefix) {
            return new S3LockProbe(client, config, locks, S3ObjectStore.this, lock).run(prefix);
        }
    }

    @Override
    public StoreProbe probe(String prefix) {
        return new S3Probe(config, creation, reader, deletion, versions).run(prefix);
    }

    @Override
    public void close() {
        client.close();
    }
}
