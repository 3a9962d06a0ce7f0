package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.S3Endpoint;
import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Somebody laid thousands of versions over one key. The store is played by the test. */
class S3ManyVersionsTest {
    private static final int PAGE = 1000;
    private static final int PAGES = 12;
    private static final Pattern MARKER = Pattern.compile("version-id-marker=v(\\d+)");
    private static final Fault VERSIONED =
            new Fault.Answer(200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
    private static final Fault NO_LOCK =
            new Fault.Answer(404, "<Error><Code>NoSuchObjectLockConfiguration</Code><Message>none</Message></Error>");

    private final AtomicInteger deletions = new AtomicInteger();

    private static String each(int from, IntFunction<String> one) {
        return IntStream.range(from, from + PAGE).mapToObj(one).collect(Collectors.joining());
    }

    private static Fault page(String path) {
        Matcher marker = MARKER.matcher(path);
        int from = marker.find() ? Integer.parseInt(marker.group(1)) + 1 : 0;
        String content = each(
                from,
                number -> "<Version><Key>p/lease</Key><VersionId>v" + number + "</VersionId><IsLatest>" + (number == 0)
                        + "</IsLatest><Size>1</Size></Version>");
        boolean last = from + PAGE == PAGES * PAGE;
        String next = last
                ? ""
                : "<NextKeyMarker>p/lease</NextKeyMarker><NextVersionIdMarker>v" + (from + PAGE - 1)
                        + "</NextVersionIdMarker>";
        return new Fault.Answer(
                200,
                "<ListVersionsResult><IsTruncated>" + !last + "</IsTruncated>" + next + content
                        + "</ListVersionsResult>");
    }

    private Fault deleted(boolean denied) {
        int from = deletions.getAndIncrement() * PAGE;
        String what = denied ? "Error" : "Deleted";
        String reason = denied ? "<Code>AccessDenied</Code><Message>no</Message>" : "";
        return new Fault.Answer(
                200,
                "<DeleteResult>"
                        + each(
                                from,
                                number -> "<" + what + "><Key>p/lease</Key><VersionId>v" + number + "</VersionId>"
                                        + reason + "</" + what + ">")
                        + "</DeleteResult>");
    }

    private Fault answer(FaultProxy.Request request, boolean denied) {
        String path = request.path();
        if (request.method().equals("POST")) {
            return deleted(denied);
        }
        return path.contains("retention") ? NO_LOCK : path.contains("versioning") ? VERSIONED : page(path);
    }

    private List<DeleteFailure> delete(boolean denied, List<String> sequence) {
        try (FaultProxy proxy =
                FaultProxy.start(URI.create("http://127.0.0.1:1"), request -> answer(request, denied))) {
            S3Endpoint endpoint =
                    new S3Endpoint("played", proxy.url(), "us-east-1", "access", "secret", "bucket", true, null);
            try (ObjectStore store = ObjectStores.open(S3StoreContract.config(endpoint, "p"))) {
                return store.delete(List.of("lease"));
            } finally {
                proxy.requests()
                        .forEach(request -> sequence.add(
                                request.method().equals("POST")
                                        ? "delete"
                                        : request.path().contains("retention")
                                                ? "ask"
                                                : request.path().contains("versioning") ? "begin" : "list"));
            }
        }
    }

    /** Never more than two batches wait to be removed. */
    private static void assertBounded(List<String> sequence) {
        int waiting = 0;
        for (String request : sequence) {
            waiting += request.equals("list") ? 1 : request.equals("delete") ? -1 : 0;
            assertThat(waiting).as(sequence.toString()).isBetween(0, 2);
        }
        assertThat(waiting).isZero();
        assertThat(sequence).filteredOn("list"::equals).hasSize(PAGES);
    }

    @Test
    void hazardThousandsOfVersionsGoWhileTheRestIsStillLookedFor() {
        List<String> sequence = new java.util.ArrayList<>();
        assertThat(delete(false, sequence)).isEmpty();
        assertBounded(sequence);
    }

    @Test
    void hazardThousandsOfVersionsThatStayAreOneFailure() {
        List<String> sequence = new java.util.ArrayList<>();
        assertThat(delete(true, sequence)).singleElement().satisfies(failure -> {
            assertThat(failure.key()).isEqualTo("lease");
            assertThat(failure.reason()).contains("AccessDenied");
        });
        assertBounded(sequence);
        assertThat(sequence).filteredOn("ask"::equals).hasSize(20);
    }
}
