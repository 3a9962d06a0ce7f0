package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Backup events as JSON: {@code kind}, the kind's members, {@code time} and {@code by}. */
final class BackupEventCodec {
    static final int MAX_ANNOTATIONS = 1000;
    private static final String REASON = "reason";
    private static final String FINDING = "finding";
    private static final String FORCED = "forced";
    private static final String POLICY = "policy";
    private static final String ANNOUNCEMENT = "announcement";
    private static final String GENERATION = "generation";
    private static final String NEEDS = "needs";
    private static final String PROPOSAL = "proposal";
    private static final String SAMPLE_FROM = "sampleFrom";
    private static final String DAMAGED_PACKS = "damagedPacks";

    private BackupEventCodec() {}

    static ObjectNode write(BackupEvent event) {
        ObjectNode json = JsonDocument.newObject();
        switch (event) {
            case BackupEvent.Pinned pinned -> json.put("kind", "pinned").put(REASON, pinned.reason());
            case BackupEvent.Unpinned ignored -> json.put("kind", "unpinned");
            case BackupEvent.Annotated annotated -> {
                ObjectNode texts = json.put("kind", "annotated").putObject("annotations");
                annotated.annotations().forEach(texts::put);
            }
            case BackupEvent.Expiring expiring -> {
                json.put("kind", "expiring")
                        .put("removeAfter", expiring.removeAfter().toString())
                        .put(REASON, expiring.reason());
                if (expiring.forced()) {
                    json.put(FORCED, true);
                }
                if (expiring.policy()) {
                    json.put(POLICY, true);
                }
            }
            case BackupEvent.Removing removing -> {
                json.put("kind", "removing");
                removing.announcement()
                        .ifPresent(announcement -> json.putObject(ANNOUNCEMENT)
                                .put("number", announcement.number())
                                .put("time", announcement.time().toString()));
            }
            case BackupEvent.ExpiryCancelled cancelled ->
                json.put("kind", "expiry-cancelled").put(REASON, cancelled.reason());
            case BackupEvent.Verified verified -> writeVerify(json.put("kind", "verified"), verified.verdict());
            case BackupEvent.Drilled drilled -> writeDrill(json.put("kind", "drilled"), drilled.verdict());
            case BackupEvent.ManifestProposed proposed ->
                LabelListJson.write(
                        json.put("kind", "manifest-proposed").put(GENERATION, proposed.generation()),
                        NEEDS,
                        proposed.needs());
            case BackupEvent.ManifestWithdrawn withdrawn ->
                json.put("kind", "manifest-withdrawn")
                        .put(PROPOSAL, withdrawn.proposal())
                        .put(REASON, withdrawn.reason());
            case BackupEvent.ManifestReplaced replaced -> {
                BackupSummaryCodec.writeManifest(
                        json.put("kind", "manifest").putObject("manifest"), replaced.manifest());
                BackupSummaryCodec.writePacks(json.putArray("packs"), replaced.packs());
                replaced.proposal().ifPresent(number -> json.put(PROPOSAL, number));
            }
            case BackupEvent.Unknown unknown ->
                throw new IllegalArgumentException("events of kind " + unknown.kind() + " are not written");
        }
        return json;
    }

    private static void writeVerify(ObjectNode json, BackupEvent.VerifyVerdict verdict) {
        json.put("verdict", verdict.verdict().id())
                .put("samplePercent", verdict.samplePercent())
                .put("objectsChecked", verdict.objectsChecked())
                .put("bytesChecked", verdict.bytesChecked());
        verdict.arc().ifPresent(arc -> json.put(SAMPLE_FROM, arc.fromPercent()));
        verdict.finding().ifPresent(finding -> json.put(FINDING, finding));
        if (!verdict.damagedPacks().isEmpty()) {
            writePacks(json.putArray(DAMAGED_PACKS), verdict.damagedPacks());
        }
    }

    private static void writePacks(ArrayNode array, Set<PackId> packs) {
        SortedMap<String, SortedSet<Integer>> byLabel = new TreeMap<>();
        packs.forEach(pack -> byLabel.computeIfAbsent(pack.label().value(), label -> new TreeSet<>())
                .add(pack.number()));
        byLabel.forEach((label, numbers) -> {
            ArrayNode list = array.addObject().put("label", label).putArray("numbers");
            numbers.forEach(list::add);
        });
    }

    private static void writeDrill(ObjectNode json, BackupEvent.DrillVerdict verdict) {
        json.put("good", verdict.good())
                .put("target", verdict.target())
                .put("restoreSeconds", verdict.restoreSeconds())
                .put("replaySeconds", verdict.replaySeconds());
        verdict.finding().ifPresent(finding -> json.put(FINDING, finding));
    }

    static BackupEvent.Recorded read(int number, JsonDocument json) {
        return new BackupEvent.Recorded(number, json.time("time"), json.text("by"), readEvent(json));
    }

    private static BackupEvent readEvent(JsonDocument json) {
        String kind = json.text("kind");
        return switch (kind) {
            case "pinned" -> new BackupEvent.Pinned(json.text(REASON));
            case "unpinned" -> new BackupEvent.Unpinned();
            case "annotated" -> new BackupEvent.Annotated(json.texts("annotations", MAX_ANNOTATIONS));
            case "expiring" ->
                new BackupEvent.Expiring(
                        json.time("removeAfter"),
                        json.text(REASON),
                        json.has(FORCED) && json.flag(FORCED),
                        json.has(POLICY) && json.flag(POLICY));
            case "removing" ->
                new BackupEvent.Removing(json.optionalObject(ANNOUNCEMENT)
                        .map(announcement -> new BackupEvent.Announcement(
                                announcement.integer("number", 1, RepositoryLayout.MAX_NUMBER),
                                announcement.time("time"))));
            case "expiry-cancelled" -> new BackupEvent.ExpiryCancelled(json.text(REASON));
            case "verified" -> new BackupEvent.Verified(readVerify(json));
            case "drilled" ->
                new BackupEvent.Drilled(new BackupEvent.DrillVerdict(
                        json.flag("good"),
                        json.text("target"),
                        json.decimal("restoreSeconds"),
                        json.decimal("replaySeconds"),
                        json.optionalText(FINDING)));
            case "manifest-proposed" ->
                new BackupEvent.ManifestProposed(
                        json.integer(GENERATION, 1, RepositoryLayout.MAX_NUMBER), LabelListJson.require(json, NEEDS));
            case "manifest-withdrawn" ->
                new BackupEvent.ManifestWithdrawn(
                        json.integer(PROPOSAL, 1, RepositoryLayout.MAX_NUMBER), json.text(REASON));
            case "manifest" ->
                new BackupEvent.ManifestReplaced(
                        BackupSummaryCodec.readManifest(json.object("manifest")),
                        BackupSummaryCodec.readPacks(json),
                        json.has(PROPOSAL)
                                ? OptionalInt.of(json.integer(PROPOSAL, 1, RepositoryLayout.MAX_NUMBER))
                                : OptionalInt.empty());
            default -> new BackupEvent.Unknown(kind);
        };
    }

    private static BackupEvent.VerifyVerdict readVerify(JsonDocument json) {
        String id = json.text("verdict");
        Optional<BackupEvent.Verdict> verdict = BackupEvent.Verdict.ofId(id);
        return new BackupEvent.VerifyVerdict(
                verdict.orElseThrow(() -> json.damaged("verdict", "is no verdict")),
                json.decimal("samplePercent"),
                readArc(json),
                json.number("objectsChecked", 0, Long.MAX_VALUE),
                json.number("bytesChecked", 0, Long.MAX_VALUE),
                json.optionalText(FINDING),
                readPacks(json));
    }

    private static Optional<SampleArc> readArc(JsonDocument json) {
        double percent = json.decimal("samplePercent");
        if (percent >= 100) {
            return Optional.of(SampleArc.WHOLE);
        }
        if (!json.has(SAMPLE_FROM) || percent == 0) {
            return Optional.empty();
        }
        double from = json.decimal(SAMPLE_FROM);
        if (from >= 100) {
            throw json.damaged(SAMPLE_FROM, "is not less than 100");
        }
        return Optional.of(new SampleArc(from, percent));
    }

    private static Set<PackId> readPacks(JsonDocument json) {
        Set<PackId> packs = new HashSet<>();
        if (json.has(DAMAGED_PACKS)) {
            for (JsonDocument group : json.objects(DAMAGED_PACKS, BackupSummaryCodec.MAX_LABELS)) {
                for (long number : group.numbers("numbers", BackupSummaryCodec.MAX_PACKS)) {
                    if (number > RepositoryLayout.MAX_NUMBER) {
                        throw json.damaged(DAMAGED_PACKS, "has a number that is too large");
                    }
                    packs.add(new PackId(group.label("label"), (int) number));
                }
            }
        }
        return packs;
    }
}
