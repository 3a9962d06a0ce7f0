package io.pgbk.testkit.demo;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Endpoint;
import io.pgbk.testkit.S3ProxyServer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * pgbk's main job from nothing: a PostgreSQL server and an S3 server are started, WAL is archived while people write,
 * a backup is taken, a table is dropped, and the cluster is brought back to just before that. Every pgbk command is
 * printed as a reader would type it.
 *
 * <p>Usage: {@code Demo DISTRIBUTION}, the directory that {@code bin/build} made.
 */
public final class Demo implements AutoCloseable {
    private static final Duration COMMAND_TIMEOUT = Duration.ofMinutes(2);
    private static final int ACCOUNTS = 100_000;

    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private final Path directory = AsPostgres.temporaryDirectory("demo-");
    private final Path launcher;
    private final Path config;
    private final List<AutoCloseable> open = new ArrayList<>();

    private Demo(Path distribution) throws IOException {
        // The database's user must be able to read the program, wherever the checkout lies.
        launcher = copy(distribution, directory.resolve("program")).resolve("bin/pgbk");
        config = directory.resolve("pgbk.yaml");
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 1) {
            System.err.println("usage: Demo DISTRIBUTION");
            System.exit(2);
        }
        boolean equal;
        try (Demo demo = new Demo(Path.of(arguments[0]))) {
            equal = demo.run();
        }
        System.exit(equal ? 0 : 1);
    }

    private boolean run() throws Exception {
        long started = System.nanoTime();
        title("A PostgreSQL server, an S3 server, and pgbk's configuration");
        S3Endpoint bucket = startStorage();
        PostgresServer server = PostgresServer.builder(17)
                .withWalSegmentMiB(16)
                .withChecksums(true)
                .withSetting("archive_mode", "on")
                .withSetting("archive_timeout", "5")
                .withSetting("archive_command", launcher + " --config " + config + " archive-push %p")
                .create();
        open.add(server);
        writeConfiguration(server, bucket);
        server.start();
        say("PostgreSQL " + server.queryOne("show server_version") + " runs as user " + AsPostgres.user()
                + "; its archive_command is: pgbk archive-push %p");
        say("The bucket " + bucket.bucket() + " is at " + bucket.url() + ". The configuration (" + config + "):");
        Files.readAllLines(config).forEach(line -> out.println("    " + line));

        title("Create the repository and prove the whole way");
        pgbk("init");
        pgbk("check");

        title("People work: " + ACCOUNTS + " accounts, and orders that keep coming");
        server.sql(
                "create table accounts (id int primary key, owner text, balance numeric)",
                "insert into accounts select i, md5(i::text), i % 1000 from generate_series(1, " + ACCOUNTS + ") i",
                "create table orders (id bigserial primary key, account int, placed timestamptz default now())");
        String lastGoodMoment;
        long accountsBefore;
        long ordersBefore;
        try (OrderStream orders = new OrderStream(server, ACCOUNTS)) {
            title("A full backup while they write");
            pgbk("backup", "--annotation", "reason=demo");
            pgbk("info");

            title("The disaster");
            orders.pause();
            accountsBefore = count(server, "accounts");
            ordersBefore = count(server, "orders");
            lastGoodMoment = server.queryOne(
                    "select to_char(clock_timestamp() at time zone 'UTC'," + " 'YYYY-MM-DD HH24:MI:SS.US')||'+00'");
            // A recovery that stops at a time stops before the first later commit. Were that the DROP's own, the copy
            // would hold the table's lock while it waits.
            orders.resume();
            server.sql("select pg_sleep(0.3)");
            say("At " + lastGoodMoment + " there were " + accountsBefore + " accounts and " + ordersBefore
                    + " orders.");
            server.sql("drop table accounts");
            say("DROP TABLE accounts. Nobody noticed yet, and orders keep coming.");
            server.sql("select pg_sleep(1)");
        }
        String segment = server.queryOne("select pg_walfile_name(pg_switch_wal())");
        server.await("select coalesce(last_archived_wal, '') >= '" + segment + "' from pg_stat_archiver");
        say("Now there are " + count(server, "orders") + " orders, and accounts is gone.");

        title("Back to the moment before, beside the running server");
        Path restored = directory.resolve("restored");
        pgbk("restore", "--target-time", lastGoodMoment, "--data-directory", restored.toString(), "--dry-run");
        pgbk("restore", "--target-time", lastGoodMoment, "--data-directory", restored.toString());
        PostgresServer copy = PostgresServer.builder(17).on(restored);
        open.add(copy);
        say("PostgreSQL starts on it, fetches WAL with pgbk archive-get and stops at the target:");
        copy.start();
        copy.awaitRecoveryPaused();
        long accountsAfter = count(copy, "accounts");
        long ordersAfter = count(copy, "orders");
        out.printf("%n    %-10s %12s %12s%n", "", "before", "restored");
        out.printf("    %-10s %12d %12d%n", "accounts", accountsBefore, accountsAfter);
        out.printf("    %-10s %12d %12d%n", "orders", ordersBefore, ordersAfter);

        title("Is everything in the repository whole?");
        pgbk("verify");

        boolean equal = accountsBefore == accountsAfter && ordersBefore == ordersAfter;
        title((equal ? "Every row is back" : "ROWS ARE MISSING") + ", after "
                + Duration.ofNanos(System.nanoTime() - started).toSeconds() + " seconds");
        return equal;
    }

    private S3Endpoint startStorage() throws IOException {
        Path storage = Files.createDirectories(directory.resolve("storage"));
        S3ProxyServer proxy = S3ProxyServer.start(storage, "backups");
        open.add(proxy);
        return proxy.endpoint("backups");
    }

    private void writeConfiguration(PostgresServer server, S3Endpoint bucket) throws IOException {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        Path keyFile = directory.resolve("key");
        Files.write(keyFile, key);
        Path accessKey = directory.resolve("access-key");
        Files.writeString(accessKey, bucket.accessKey() + "\n");
        Path secretKey = directory.resolve("secret-key");
        Files.writeString(secretKey, bucket.secretKey() + "\n");
        for (Path secret : List.of(keyFile, accessKey, secretKey)) {
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
            AsPostgres.own(secret);
        }
        AsPostgres.write(
                config,
                String.join(
                        "\n",
                        "cluster: main",
                        "postgres:",
                        "  data-directory: " + server.dataDirectory(),
                        "  host: " + server.socketDirectory(),
                        "  port: " + server.port(),
                        "  user: " + server.user(),
                        "repositories:",
                        "  - name: primary",
                        "    url: s3://" + bucket.bucket() + "/pg",
                        "    endpoint: " + bucket.url(),
                        "    region: " + bucket.region(),
                        "    path-style: true",
                        "    credentials: {access-key-file: " + accessKey + ", secret-key-file: " + secretKey + "}",
                        "    encryption: {key-file: " + keyFile + "}",
                        "time-zone: UTC",
                        ""));
    }

    private static long count(PostgresServer server, String table) {
        return Long.parseLong(server.queryOne("select count(*)::text from " + table));
    }

    private void pgbk(String... arguments) {
        StringBuilder typed = new StringBuilder("pgbk");
        for (String argument : arguments) {
            typed.append(' ').append(argument.contains(" ") ? "'" + argument + "'" : argument);
        }
        out.println();
        out.println("  $ " + typed);
        List<String> command = new ArrayList<>(List.of(launcher.toString(), "--config", config.toString()));
        command.addAll(List.of(arguments));
        CommandOutcome outcome = AsPostgres.run(command, Map.of(), directory, COMMAND_TIMEOUT);
        outcome.stderr().lines().forEach(line -> out.println("    " + line));
        outcome.stdout().lines().forEach(line -> out.println("    " + line));
        if (outcome.exit() != 0) {
            throw new IllegalStateException(typed + " ended with exit code " + outcome.exit());
        }
    }

    private void title(String text) {
        out.println();
        out.println("== " + text);
    }

    private void say(String text) {
        out.println("  " + text);
    }

    private static Path copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    // With their times, else Java would not believe the caches that were made beside them.
                    Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
        AsPostgres.own(to);
        return to;
    }

    @Override
    public void close() {
        for (AutoCloseable resource : open.reversed()) {
            try {
                resource.close();
            } catch (Exception e) {
                System.err.println("while stopping the servers: " + e);
            }
        }
        AsPostgres.deleteTree(directory);
    }
}
