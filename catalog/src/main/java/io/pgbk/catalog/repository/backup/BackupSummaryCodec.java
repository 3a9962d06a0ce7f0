package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code backup} object as JSON. Its {@code kind} is {@code committed} or {@code aborted}. Packs are grouped by the
 * backup that stored them, in parallel arrays of numbers, because a large cluster has many.
 */
final class BackupSummaryCodec {
    static final String COMMITTED = "committed";
    static final String ABORTED = "aborted";

    static final int MAX_LABELS = 100_000;
    static final int MAX_PACKS = 1_000_000;

    private BackupSummaryCodec() {}

    /** What the {@code backup} object says. */
    sealed interface End {
        /** The backup is there. */
        record Committed(BackupSummary summary) implements End {}

        /**
         * The label was given up, by its owner or after it died.
         *
         * @param resumable whether it was that of a copy, which may be begun again under it
         */
        record Aborted(String by, String reason, Instant time, boolean resumable) implements End {}
    }

    static ObjectNode writeAborted(Label label, End.Aborted aborted) {
        ObjectNode json = JsonDocument.newObject()
                .put("format", FormatLimits.FORMAT_VERSION)
                .put("kind", ABORTED)
                .put("label", label.value())
                .put("by", aborted.by())
                .put("reason", aborted.reason())
                .put("time", aborted.time().toString());
        if (aborted.resumable()) {
            json.put("resumable", true);
        }
        return json;
    }

    static ObjectNode write(BackupSummary summary) {
        BackupFacts facts = summary.facts();
        ObjectNode json = JsonDocument.newObject()
                .put("format", FormatLimits.FORMAT_VERSION)
                .put("kind", COMMITTED)
                .put("label", summary.label().value())
                .put("type", summary.type().id())
                .put("sequence", summary.sequence())
                .put("committed", summary.committed().toString())
                .put("incarnation", facts.incarnation())
                .put("timeline", Integer.toUnsignedLong(facts.timeline()))
                .put("startLsn", facts.startLsn().toString())
                .put("stopLsn", facts.stopLsn().toString())
                .put("startTime", facts.startTime().toString())
                .put("stopTime", facts.stopTime().toString())
                .put("files", facts.files())
                .put("databaseBytes", facts.databaseBytes())
                .put("readBytes", facts.readBytes())
                .put("storedBytes", facts.storedBytes())
                .put("pageErrors", facts.pageErrors())
                .put("fromStandby", facts.fromStandby())
                .put("host", facts.host())
                .put("programVersion", facts.programVersion());
        facts.parent().ifPresent(parent -> json.put("parent", parent.value()));
        facts.fallbackReason().ifPresent(reason -> json.put("fallbackReason", reason));
        facts.synthesisedFrom().ifPresent(source -> json.put("synthesisedFrom", source.value()));
        facts.walSummaries().ifPresent(use -> writeWalSummaries(json.putObject("walSummaries"), use));
        ObjectNode annotations = json.putObject("annotations");
        facts.annotations().forEach(annotations::put);
        writeManifest(json.putObject("manifest"), summary.manifest());
        summary.previous()
                .ifPresent(previous -> json.putObject("previous")
                        .put("label", previous.label().value())
                        .put("sha256", previous.sha256()));
        writePacks(json.putArray("packs"), facts.packs());
        return json;
    }

    static void writeManifest(ObjectNode json, BackupSummary.ManifestReference manifest) {
        json.put("generation", manifest.generation())
                .put("storedBytes", manifest.storedBytes())
                .put("sha256", manifest.sha256());
    }

    private static void writeWalSummaries(ObjectNode json, WalSummaryUse use) {
        use.reason().ifPresent(reason -> json.put("reason", reason));
        json.put("skippedBytes", use.skippedBytes())
                .put("sampledWindows", use.sampledWindows())
                .put("hintOnlyPages", use.hintOnlyPages());
        use.disagreement().ifPresent(how -> json.put("disagreement", how));
    }

    private static WalSummaryUse readWalSummaries(JsonDocument json) {
        return new WalSummaryUse(
                json.optionalText("reason"),
                json.number("skippedBytes", 0, Long.MAX_VALUE),
                json.number("sampledWindows", 0, Long.MAX_VALUE),
                json.number("hintOnlyPages", 0, Long.MAX_VALUE),
                json.optionalText("disagreement"));
    }

    static void writePacks(ArrayNode array, List<PackUse> packs) {
        Map<String, List<PackUse>> byLabel = new TreeMap<>();
        for (PackUse pack : packs) {
            byLabel.computeIfAbsent(pack.label().value(), label -> new ArrayList<>())
                    .add(pack);
        }
        byLabel.forEach((label, uses) -> {
            ObjectNode group = array.addObject().put("label", label);
            ArrayNode numbers = group.putArray("numbers");
            ArrayNode stored = group.putArray("storedBytes");
            ArrayNode used = group.putArray("usedBytes");
            for (PackUse use : uses) {
                numbers.add(use.number());
                stored.add(use.storedBytes());
                used.add(use.usedBytes());
            }
        });
    }

    static End read(Label label, JsonDocument json) {
        if (json.integer("format", 1, Integer.MAX_VALUE) > FormatLimits.FORMAT_VERSION) {
            throw new PgbkException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "backup " + label + " was written by a newer pgbk",
                    "Install a newer pgbk.");
        }
        if (!json.text("label").equals(label.value())) {
            throw json.damaged("label", "is not that of the object's name");
        }
        return switch (json.text("kind")) {
            case COMMITTED -> new End.Committed(readSummary(label, json));
            case ABORTED ->
                new End.Aborted(
                        json.text("by"),
                        json.text("reason"),
                        json.time("time"),
                        json.has("resumable") && json.flag("resumable"));
            default -> throw json.damaged("kind", "is neither committed nor aborted");
        };
    }

    private static BackupSummary readSummary(Label label, JsonDocument json) {
        if (!json.text("type").equals(label.type().id())) {
            throw json.damaged("type", "is not that of the label");
        }
        return new BackupSummary(
                label,
                readFacts(json),
                readManifest(json.object("manifest")),
                json.integer("sequence", 1, Integer.MAX_VALUE),
                json.optionalObject("previous")
                        .map(previous ->
                                new BackupSummary.PreviousSummary(previous.label("label"), previous.text("sha256"))),
                json.time("committed"));
    }

    private static BackupFacts readFacts(JsonDocument json) {
        return new BackupFacts(
                json.has("parent") ? Optional.of(json.label("parent")) : Optional.empty(),
                json.optionalText("fallbackReason"),
                json.has("synthesisedFrom") ? Optional.of(json.label("synthesisedFrom")) : Optional.empty(),
                json.integer("incarnation", 1, RepositoryLayout.MAX_NUMBER),
                (int) json.number("timeline", 1, 0xFFFF_FFFFL),
                json.lsn("startLsn"),
                json.lsn("stopLsn"),
                json.time("startTime"),
                json.time("stopTime"),
                json.number("files", 0, Long.MAX_VALUE),
                json.number("databaseBytes", 0, Long.MAX_VALUE),
                json.number("readBytes", 0, Long.MAX_VALUE),
                json.number("storedBytes", 0, Long.MAX_VALUE),
                json.number("pageErrors", 0, Long.MAX_VALUE),
                json.flag("fromStandby"),
                json.text("host"),
                json.text("programVersion"),
                json.texts("annotations", BackupEventCodec.MAX_ANNOTATIONS),
                readPacks(json),
                json.optionalObject("walSummaries").map(BackupSummaryCodec::readWalSummaries));
    }

    static BackupSummary.ManifestReference readManifest(JsonDocument json) {
        return new BackupSummary.ManifestReference(
                json.integer("generation", 1, RepositoryLayout.MAX_NUMBER),
                json.number("storedBytes", 1, Long.MAX_VALUE),
                json.text("sha256"));
    }

    static List<PackUse> readPacks(JsonDocument json) {
        List<PackUse> packs = new ArrayList<>();
        for (JsonDocument group : json.objects("packs", MAX_LABELS)) {
            Label label = group.label("label");
            long[] numbers = group.numbers("numbers", MAX_PACKS);
            long[] stored = group.numbers("storedBytes", MAX_PACKS);
            long[] used = group.numbers("usedBytes", MAX_PACKS);
            if (stored.length != numbers.length || used.length != numbers.length) {
                throw json.damaged("packs", "has arrays of different lengths");
            }
            for (int i = 0; i < numbers.length; i++) {
                if (numbers[i] > RepositoryLayout.MAX_NUMBER) {
                    throw json.damaged("packs", "has a number that is too large");
                }
                packs.add(new PackUse(label, (int) numbers[i], stored[i], used[i]));
            }
        }
        return packs;
    }
}
