package io.pgbk.integration.faults;

import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A store that reads back what was written at once, but whose listings do not show what one command has written. */
final class LaggingList implements Function<FaultProxy.Request, Fault> {
    private static final Pattern KEY = Pattern.compile("<Contents>.*?<Key>([^<]*)</Key>.*?</Contents>", Pattern.DOTALL);
    private static final Pattern FOLDER =
            Pattern.compile("<CommonPrefixes>\\s*<Prefix>([^<]*)</Prefix>\\s*</CommonPrefixes>");
    private static final Pattern LABEL = Pattern.compile("/([0-9]{8}T[0-9]{6}Z-[^/]+)/");

    private final Set<String> keys = ConcurrentHashMap.newKeySet();
    private final Set<String> labels = ConcurrentHashMap.newKeySet();

    @Override
    public Fault apply(FaultProxy.Request request) {
        if (FaultRows.isPut(request)) {
            // The bucket stands before the key.
            String key = request.path().replaceFirst("^/[^/]+/", "").replaceFirst("\\?.*", "");
            keys.add(key);
            Matcher label = LABEL.matcher(key);
            if (label.find()) {
                labels.add(label.group(1));
            }
        }
        return FaultRows.isList(request) ? new Fault.Alter(this::older) : new Fault.None();
    }

    private byte[] older(byte[] answer) {
        String text = new String(answer, StandardCharsets.UTF_8);
        String fewer =
                KEY.matcher(text).replaceAll(match -> keys.contains(match.group(1)) ? "" : quoted(match.group()));
        String older = FOLDER.matcher(fewer)
                .replaceAll(match -> labels.stream().anyMatch(match.group(1)::contains) ? "" : quoted(match.group()));
        return older.getBytes(StandardCharsets.UTF_8);
    }

    private static String quoted(String text) {
        return Matcher.quoteReplacement(text);
    }
}
