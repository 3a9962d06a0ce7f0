package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** {@code archive-push} is killed: what was acknowledged is there, the rest is there whole or not at all. */
final class PushKills {
    private final KillSite place;
    private final KillReport report = new KillReport("archive-push");
    private final List<String> archived = new ArrayList<>();

    PushKills(KillSite place) {
        this.place = place;
    }

    /** @param every after so many kills the whole repository is checked, and before the first */
    void run(int kills, int every) {
        // The first one is only there to be measured, by the second, when everything was read from the disk once.
        List<String> segments = place.segments();
        push(segments.get(0));
        KillTimes times = new KillTimes("push", kills, push(segments.get(1)));
        for (int i = 0; i < kills; i++) {
            String segment = segments.get(i + 2);
            Victim.Aim aim = times.aim();
            Victim.End end = start(segment).killAfter(times.after(i), aim);
            List<String> holders = holders(segment);
            report.add(
                    KillReport.percent(times.fraction(i)),
                    "both",
                    aim,
                    end,
                    holders.isEmpty() ? "nothing stored" : "stored in " + String.join(" and ", holders));
            if (end.saidDone()) {
                assertThat(holders).as("acknowledged: " + end).containsExactly("local", "remote");
            }
            times.undisturbed(push(segment));
            if (i % every == 0) {
                assertNothingFalse();
            }
        }
        assertNothingFalse();
        for (String segment : archived) {
            assertThat(holders(segment)).as(segment).containsExactly("local", "remote");
        }
        place.verify(place.repository(0), "--cluster", KillSite.PUSHES);
        report.print();
    }

    private Victim start(String segment) {
        return Victim.startHook(place.site()
                .command(
                        "--cluster",
                        KillSite.PUSHES,
                        "archive-push",
                        place.segment(segment).toString()));
    }

    /** A push that nobody kills, first or repeated, says that it is done and is right; returns its seconds. */
    private double push(String segment) {
        Victim.End end = start(segment).await();
        assertThat(end.exit()).as(end.toString()).isZero();
        assertThat(holders(segment)).containsExactly("local", "remote");
        archived.add(segment);
        return end.seconds();
    }

    /** Who delivers the segment; anything else than its exact content fails. */
    private List<String> holders(String segment) {
        List<String> holders = new ArrayList<>();
        for (RepositoryView repository : place.repositories()) {
            Optional<byte[]> content = repository.wal(KillSite.PUSHES, segment);
            if (content.isPresent()) {
                assertThat(content.get())
                        .as(segment + " in " + repository.name())
                        .isEqualTo(KillSite.read(place.segment(segment)));
                holders.add(repository.name());
            }
        }
        return holders;
    }

    /** Neither checker nor lists know of anything but the segments that were archived. */
    private void assertNothingFalse() {
        place.repositories().forEach(repository -> Soundness.check(repository.cluster(KillSite.PUSHES)));
        for (RepositoryView repository : place.repositories()) {
            JsonNode list = place.site()
                    .json(
                            "--cluster",
                            KillSite.PUSHES,
                            "--repository",
                            repository.name(),
                            "wal",
                            "list",
                            "--timeline",
                            "1");
            List<String> names = new ArrayList<>();
            list.get("files").forEach(file -> names.add(file.get("name").asString()));
            assertThat(names).isEqualTo(archived);
        }
    }
}
