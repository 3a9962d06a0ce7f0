package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Objects page by page, in the order of their keys. Names that are no keys of pgbk's are passed over. */
final class S3Listing implements Iterator<ObjectInfo> {
    private static final int MAX_PAGES_WITHOUT = 1000;

    private final S3Client client;
    private final S3StoreConfig config;
    private final String prefix;
    private final String after;
    private Iterator<ObjectInfo> page = List.<ObjectInfo>of().iterator();
    private @Nullable String continuation;
    private boolean begun;
    private int pagesWithout;
    private String last = "";

    S3Listing(S3Client client, S3StoreConfig config, String prefix, String after) {
        this.client = client;
        this.config = config;
        this.prefix = prefix;
        this.after = after;
    }

    @Override
    public boolean hasNext() {
        while (!page.hasNext() && (!begun || continuation != null)) {
            fetch();
        }
        return page.hasNext();
    }

    @Override
    public ObjectInfo next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return page.next();
    }

    private void fetch() {
        ListObjectsV2Response answer = page(client, config, prefix, null, after, continuation);
        begun = true;
        continuation = next(answer);
        List<ObjectInfo> objects = new ArrayList<>();
        pagesWithout = pagesWithout(config, pagesWithout, answer.contents().isEmpty());
        for (S3Object object : answer.contents()) {
            String key = keyOf(config, object.key());
            if (NameOrder.BYTES.compare(key, last) <= 0 && !last.isEmpty()) {
                throw new PgbkException(
                        ErrorCode.STORE_UNSAFE,
                        config.displayName() + " lists " + key + " after " + last + ", not in ascending order");
            }
            last = key;
            if (Keys.isValid(key) && key.compareTo(after) > 0) {
                objects.add(new ObjectInfo(key, object.size()));
            }
        }
        page = objects.iterator();
    }

    /**
     * How many pages have brought nothing new, this one included. Servers send some; an answer for ever is none.
     *
     * @throws PgbkException STORE_UNSAFE when it is one too many
     */
    static int pagesWithout(S3StoreConfig config, int before, boolean nothingNew) {
        int pages = nothingNew ? before + 1 : 0;
        if (pages > MAX_PAGES_WITHOUT) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    config.displayName() + " does not end a listing: " + pages + " pages brought nothing new");
        }
        return pages;
    }

    /**
     * The name of a listed object, which must be there and begin as asked for.
     *
     * @param asked what was asked for, as the store names it
     * @throws SdkClientException when the answer is not one that a store gives
     */
    static String checkedName(@Nullable String name, @Nullable Long bytes, String asked) {
        if (name == null || !name.startsWith(asked) || bytes == null || bytes < 0) {
            throw SdkClientException.create("no S3 answer: a listing with an entry without name, length or prefix");
        }
        return name;
    }

    private static @Nullable String next(ListObjectsV2Response answer) {
        return Boolean.TRUE.equals(answer.isTruncated()) ? answer.nextContinuationToken() : null;
    }

    static String keyOf(S3StoreConfig config, String objectName) {
        return config.prefix().isEmpty()
                ? objectName
                : objectName.substring(config.prefix().length() + 1);
    }

    private static ListObjectsV2Response page(
            S3Client client,
            S3StoreConfig config,
            String prefix,
            @Nullable String delimiter,
            String after,
            @Nullable String continuation) {
        return S3Attempts.run(config, "list " + prefix, null, 0, limits -> {
            ListObjectsV2Response answer = client.listObjectsV2(ListObjectsV2Request.builder()
                    .bucket(config.bucket())
                    .prefix(config.objectName(prefix))
                    .delimiter(delimiter)
                    .startAfter(after.isEmpty() || continuation != null ? null : config.objectName(after))
                    .continuationToken(continuation)
                    .maxKeys(config.transfer().listPageSize())
                    .overrideConfiguration(limits)
                    .build());
            boolean endless = Boolean.TRUE.equals(answer.isTruncated())
                    && (answer.nextContinuationToken() == null
                            || answer.nextContinuationToken().equals(continuation));
            if (answer.isTruncated() == null || endless) {
                // A listing that ends too early would look like an archive that ends there.
                throw SdkClientException.create("no S3 answer: a listing that does not say whether it ends");
            }
            String asked = config.objectName(prefix);
            answer.contents().forEach(object -> checkedName(object.key(), object.size(), asked));
            answer.commonPrefixes().forEach(common -> checkedName(common.prefix(), 0L, asked));
            return answer;
        });
    }

    /** The next parts below a prefix that is empty or ends in a slash. */
    static List<String> children(S3Client client, S3StoreConfig config, String prefix) {
        TreeSet<String> children = new TreeSet<>();
        String continuation = null;
        int pagesWithout = 0;
        do {
            int before = children.size();
            ListObjectsV2Response answer = page(client, config, prefix, "/", "", continuation);
            for (S3Object object : answer.contents()) {
                addChild(children, keyOf(config, object.key()), prefix);
            }
            for (CommonPrefix common : answer.commonPrefixes()) {
                addChild(children, keyOf(config, common.prefix()), prefix);
            }
            pagesWithout = pagesWithout(config, pagesWithout, children.size() == before);
            continuation = next(answer);
        } while (continuation != null);
        return List.copyOf(children);
    }

    static void addChild(Set<String> children, String key, String prefix) {
        String plain = key.endsWith("/") ? key.substring(0, key.length() - 1) : key;
        if (key.length() > prefix.length() && Keys.isValid(plain)) {
            children.add(key.substring(prefix.length()));
        }
    }
}
