package io.pgbk.cli.scenario;

/**
 * One site for all classes of scenarios that only read it: initialised, with one full backup and WAL behind it. It ends
 * with the JVM (the testkit's watchdog stops the server and removes the directories). Who changes something works on a
 * copy of its repository.
 */
final class SharedSite {
    private static final CommandSite SITE = make();
    private static String backupText = "";

    private SharedSite() {}

    private static CommandSite make() {
        CommandSite site = CommandSite.start(16);
        site.run("init").orFail();
        site.server()
                .sql("create table orders as select x, 'row-of-the-live-cluster-' || x as note"
                        + " from generate_series(1, 2000) x");
        return site;
    }

    /** The site with one backup. */
    static synchronized CommandSite get() {
        if (backupText.isEmpty()) {
            Outcome backup = SITE.run("backup", "--annotation", "ticket=4711").orFail();
            backupText = backup.toString();
            SITE.archiveEverything();
        }
        return SITE;
    }

    /** What the backup printed. */
    static String backupText() {
        get();
        return backupText;
    }

    /** The label of its backup. */
    static String label() {
        return get().run("info", "--output", "json")
                .orFail()
                .json()
                .at("/repositories/0/incarnations/0/backups/0/label")
                .asString();
    }
}
