package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.postgres.WalSegmentName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The events of segments' names: a second content was kept, or a person chose one. */
final class WalNameEvents {
    static final String KEPT_BESIDE = "kept-beside";
    static final String RESOLVED = "resolved";

    private final Repository repository;
    private final Incarnation incarnation;

    WalNameEvents(Repository repository, Incarnation incarnation) {
        this.repository = repository;
        this.incarnation = incarnation;
    }

    /** Oldest first. */
    List<WalNameReport.WalEvent> list(WalSegmentName name) {
        List<WalNameReport.WalEvent> events = new ArrayList<>();
        String folder = RepositoryLayout.walEvents(incarnation.cluster(), incarnation.number(), name);
        for (String key : repository.documents().keys(folder)) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.WalEvent) {
                JsonDocument json =
                        repository.documents().read(ObjectKind.EVENT, key).json();
                events.add(new WalNameReport.WalEvent(
                        json.text("kind"),
                        json.optionalText("variant").orElse(""),
                        json.time("time"),
                        json.text("by"),
                        json.optionalText("reason").orElse("")));
            }
        }
        return events;
    }

    /** The variant that a person chose last. */
    Optional<String> chosen(WalSegmentName name) {
        return list(name).reversed().stream()
                .filter(event -> event.kind().equals(RESOLVED))
                .map(WalNameReport.WalEvent::variant)
                .findFirst();
    }

    void append(WalSegmentName name, String kind, String variant, String reason) {
        repository
                .documents()
                .append(
                        ObjectKind.EVENT,
                        RepositoryLayout.walEvents(incarnation.cluster(), incarnation.number(), name),
                        number -> RepositoryLayout.walEvent(incarnation.cluster(), incarnation.number(), name, number),
                        JsonDocument.newObject()
                                .put("kind", kind)
                                .put("variant", variant)
                                .put(
                                        "time",
                                        repository.runtime().clock().instant().toString())
                                .put("by", repository.runtime().owner())
                                .put("reason", reason));
    }
}
