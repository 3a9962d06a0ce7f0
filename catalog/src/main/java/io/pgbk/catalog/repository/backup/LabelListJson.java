package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.Label;
import java.util.HashSet;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** A set of labels as an array of texts. */
final class LabelListJson {
    private LabelListJson() {}

    static void write(ObjectNode json, String name, Set<Label> labels) {
        var array = json.putArray(name);
        labels.stream().map(Label::value).sorted().forEach(array::add);
    }

    /** The labels; none when the member is missing. */
    static Set<Label> read(JsonDocument json, String name) {
        return json.has(name) ? require(json, name) : Set.of();
    }

    /** The labels of a member that must be there: without it nobody knows what is needed. */
    static Set<Label> require(JsonDocument json, String name) {
        Set<Label> labels = new HashSet<>();
        for (String text : json.textList(name, BackupSummaryCodec.MAX_LABELS)) {
            labels.add(Label.parse(text).orElseThrow(() -> json.damaged(name, "has an element that is no label")));
        }
        return labels;
    }
}
