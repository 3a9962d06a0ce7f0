package io.pgbk.integration.race;

import io.pgbk.integration.Site;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** pgbk as a database host has it: the unpacked distribution and a configuration with a key file. */
final class PgbkContestant implements Contestant {
    private final Site site;
    private JsonNode lastReport = Site.parse("{}");

    PgbkContestant(Site site) {
        this.site = site;
    }

    @Override
    public String name() {
        return "pgbk";
    }

    @Override
    public void initialise() {
        site.run("init");
    }

    @Override
    public String archiveCommand() {
        return site.archiveCommand();
    }

    @Override
    public List<String> backup() {
        return site.command("backup");
    }

    @Override
    public List<String> incremental() {
        return site.command("backup", "--type", "incr", "--output", "json");
    }

    @Override
    public long readBytes() {
        return lastReport.path("readBytes").asLong();
    }

    /** The JSON that the newest backup ended with. */
    void report(JsonNode report) {
        lastReport = report;
    }

    @Override
    public long storedBytes() {
        return backups().getLast().path("storedBytes").asLong();
    }

    @Override
    public void forgetOldBackups() {
        List<JsonNode> backups = backups();
        for (JsonNode backup : backups.subList(0, backups.size() - 1)) {
            site.run("delete", "--now", backup.path("label").asString());
        }
    }

    @Override
    public List<String> restore(Path target) {
        return site.command("restore", "--archiving", "off", "--data-directory", target.toString());
    }

    @Override
    public List<String> push(Path segment) {
        return site.command("archive-push", segment.toString());
    }

    private List<JsonNode> backups() {
        List<JsonNode> backups = new ArrayList<>();
        for (JsonNode node : site.json("info").findValues("backups")) {
            node.forEach(backups::add);
        }
        return backups;
    }
}
