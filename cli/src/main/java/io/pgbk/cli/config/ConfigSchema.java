package io.pgbk.cli.config;

import io.pgbk.catalog.repository.compaction.Compaction;
import io.pgbk.cli.config.ValueType.AbsolutePath;
import io.pgbk.cli.config.ValueType.ByteLimit;
import io.pgbk.cli.config.ValueType.ByteRate;
import io.pgbk.cli.config.ValueType.ByteSize;
import io.pgbk.cli.config.ValueType.Choice;
import io.pgbk.cli.config.ValueType.Cron;
import io.pgbk.cli.config.ValueType.Flag;
import io.pgbk.cli.config.ValueType.HttpUrl;
import io.pgbk.cli.config.ValueType.ListenAddress;
import io.pgbk.cli.config.ValueType.Percent;
import io.pgbk.cli.config.ValueType.RepositoryUrl;
import io.pgbk.cli.config.ValueType.Span;
import io.pgbk.cli.config.ValueType.Text;
import io.pgbk.cli.config.ValueType.WholeNumber;
import io.pgbk.cli.config.ValueType.Zone;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Every key of the configuration, in the order in which people read them; docs/configuration.md is made from it. */
public final class ConfigSchema {
    private static final ValueType NAME = new Text(
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}"),
            "a name of letters, digits, points, - and _, at most 63, beginning with a letter or digit");
    private static final ValueType CLUSTER = new Text(
            Pattern.compile("(?!.*\\.\\.)[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?"),
            "a name of lower-case letters, digits, points, - and _, at most 64, beginning and ending with a letter or digit");
    private static final ValueType WORD = new Text(Pattern.compile("[!-~]{1,128}"), "a word without blanks");
    private static final ValueType PATH = new AbsolutePath();
    private static final Flag FLAG = new Flag();
    private static final Cron CRON = new Cron();
    private static final ValueType SECRET = new Text(Pattern.compile("[^\\r\\n\\u0000]{1,4096}"), "one line of text");

    private static final Map<String, ConfigKey> KEYS = keys();
    private static final Map<String, SequencedSet<String>> CHILDREN = children();

    private ConfigSchema() {}

    /** All keys by path, in the order of the documentation. */
    public static List<ConfigKey> all() {
        return List.copyOf(KEYS.values());
    }

    /** The key with this pattern, {@code repositories[].url}. */
    static Optional<ConfigKey> find(String pattern) {
        return Optional.ofNullable(KEYS.get(pattern));
    }

    /** The key that must exist. */
    static ConfigKey key(String pattern) {
        return find(pattern).orElseThrow(() -> new IllegalStateException("no configuration key " + pattern));
    }

    /** The names below a section; empty when the pattern is no section. The root is the empty pattern. */
    static SequencedSet<String> childrenOf(String pattern) {
        return CHILDREN.getOrDefault(pattern, new LinkedHashSet<>());
    }

    private static Map<String, ConfigKey> keys() {
        Definition d = new Definition();
        d.key(
                "cluster",
                CLUSTER,
                null,
                "must be given",
                "The name of the cluster in the repository; the same on all its nodes.");
        d.key(
                "postgres.data-directory",
                PATH,
                null,
                "backup, archive-push and restore without --data-directory need it",
                "The server's data directory.");
        d.key(
                "postgres.host",
                new Text(
                        Pattern.compile("/.{1,100}|[A-Za-z0-9._:-]{1,253}"),
                        "the directory of a Unix socket or a host name"),
                "/var/run/postgresql",
                "",
                "The directory of the server's Unix socket (peer authentication must work) or a host name.");
        d.key("postgres.port", new WholeNumber(1, 65_535), "5432", "", "The server's port.");
        d.key(
                "postgres.user",
                WORD,
                "postgres",
                "",
                "The database role; it needs the rights of pg_start_backup or pg_backup_start and pg_switch_wal.");
        d.key("postgres.database", WORD, "postgres", "", "The database to connect to.");
        d.key(
                "postgres.password-file",
                PATH,
                null,
                "no password is sent",
                "A file with the role's password on its first line.");
        d.secret("postgres.password", "The role's password.");
        d.key(
                "postgres.tls",
                new Choice("verify-full", "verify-ca", "off"),
                null,
                "`off` for a socket or the loopback, else `verify-full`",
                "How a connection to a host is protected.");
        d.key(
                "postgres.ca-file",
                PATH,
                null,
                "the authorities that Java trusts",
                "Certificates (PEM) of the authorities to trust for the server.");

        d.key(
                "repositories[].name",
                NAME,
                null,
                "the first is `primary`, the next `repository-2` and so on",
                "How commands call the repository.");
        d.key(
                "repositories[].url",
                new RepositoryUrl(),
                null,
                "must be given",
                "Where it is: a bucket with a prefix, or a directory.");
        d.key("repositories[].endpoint", new HttpUrl(), null, "AWS", "The address of the S3 service.");
        d.key(
                "repositories[].region",
                WORD,
                null,
                "`us-east-1` with an endpoint, else what the AWS environment says",
                "The region, part of every signature.");
        d.key(
                "repositories[].path-style",
                FLAG,
                null,
                "`true` with an endpoint, else `false`",
                "Whether the bucket stands in the path instead of the host name.");
        d.key(
                "repositories[].credentials.access-key-file",
                PATH,
                null,
                "the AWS default chain is asked",
                "A file with the access key.");
        d.key(
                "repositories[].credentials.secret-key-file",
                PATH,
                null,
                "the AWS default chain is asked",
                "A file with the secret key.");
        d.secret("repositories[].credentials.access-key", "The access key.");
        d.secret("repositories[].credentials.secret-key", "The secret key.");
        d.key(
                "repositories[].encryption",
                new Choice("none"),
                null,
                "a key-file or a passphrase-file must be given",
                "Only to say that nothing is encrypted: `encryption: none`.");
        d.key(
                "repositories[].encryption.key-file",
                PATH,
                null,
                "the passphrase is used",
                "A file with 32 bytes, or 64 hexadecimal digits; `pgbk key generate` makes one.");
        d.key(
                "repositories[].encryption.passphrase-file",
                PATH,
                null,
                "the key file is used",
                "A file with a passphrase on its first line; half a second slower at each start than a key file.");
        d.secret("repositories[].encryption.key", "The key, 64 hexadecimal digits.");
        d.secret("repositories[].encryption.passphrase", "The passphrase.");
        d.key(
                "repositories[].wal",
                new Choice("required", "repaired"),
                "required",
                "",
                "Whether archive-push succeeds only when this repository has the segment too (`required`), or the repository is filled later from the others (`repaired`).");
        d.key(
                "repositories[].ca-file",
                PATH,
                null,
                "the authorities that Java trusts",
                "Certificates (PEM) of the authorities to trust for the endpoint.");
        d.key("repositories[].allow-http", FLAG, "false", "", "Allows an `http://` endpoint on another host.");
        d.key(
                "repositories[].allow-unsafe-store",
                FLAG,
                "false",
                "",
                "Allows a store without exclusive creation; only one host may then write.");
        d.key(
                "repositories[].checksum-mode",
                new Choice("auto", "aws", "compatible", "legacy-md5"),
                "auto",
                "",
                "Which digests the S3 requests carry besides the signed SHA-256; `auto` takes what the endpoint's kind needs.");
        d.key(
                "repositories[].storage-class",
                new Text(Pattern.compile("[A-Z0-9_]{1,32}"), "an S3 storage class like `STANDARD_IA`"),
                null,
                "the bucket's own",
                "The S3 storage class of backup data.");
        d.key(
                "repositories[].timeouts.connect",
                new Span(Duration.ofMillis(100), Duration.ofMinutes(5)),
                "5s",
                "",
                "The longest time for a connection.");
        d.key(
                "repositories[].timeouts.request",
                new Span(Duration.ofSeconds(1), Duration.ofHours(1)),
                "30s",
                "",
                "The longest time for one try of a request.");
        d.key(
                "repositories[].timeouts.total",
                new Span(Duration.ofSeconds(1), Duration.ofHours(24)),
                "2min",
                "",
                "The longest time for a request with all its retries.");
        d.key(
                "repositories[].retries",
                new WholeNumber(0, 20),
                "5",
                "",
                "How often a failed request is tried again inside the total time.");
        d.key(
                "repositories[].object-lock.mode",
                new Choice("governance", "compliance"),
                null,
                "no lock",
                "Locks objects that backups need against deletion, in a bucket with object lock; see Operations.");
        d.key(
                "repositories[].object-lock.days",
                new WholeNumber(1, 36_500),
                null,
                "no lock",
                "How long they are locked when they are written; expire makes the locks of what stays longer when half of it is over.");
        d.key(
                "repositories[].retention.full",
                new WholeNumber(1, 10_000),
                null,
                "not limited",
                "How many of the newest full backups stay, with all backups after them; counted for each branch of the timelines that may live.");
        for (String period : List.of("weekly", "monthly", "yearly")) {
            d.key(
                    "repositories[].retention." + period,
                    new WholeNumber(0, 10_000),
                    null,
                    "none",
                    "How many " + period + " full backups stay: the "
                            + (period.equals("yearly") ? "last" : "first") + " of each "
                            + period.substring(0, period.length() - 2) + " that has one.");
        }
        d.key(
                "repositories[].retention.window",
                new Span(Duration.ofHours(1), Duration.ofDays(36_500)),
                null,
                "none",
                "How far back every moment stays restorable.");
        d.key(
                "repositories[].retention.grace",
                new Span(Duration.ZERO, Duration.ofDays(365)),
                "7d",
                "",
                "How long the data of an expired backup stays for restores that read it already.");
        d.key(
                "repositories[].compact-below",
                new Percent(1, 90),
                Integer.toString(Compaction.DEFAULT_PERCENT),
                "",
                "A backup that stays only because newer ones use at most so much of its data is emptied by expire: what they use is stored anew, and the backup goes. Always off with object-lock; see Operations.");

        d.key("compression.type", new Choice("zstd"), "zstd", "", "How data is compressed.");
        d.key("compression.level", new WholeNumber(1, 19), "3", "", "The zstd level.");
        d.key(
                "parallel",
                new WholeNumber(1, 64),
                null,
                "the number of processors, at most 8",
                "Workers of backup, restore and verify.");
        d.key(
                "buffer-memory",
                new ByteSize(32L << 20),
                "256MiB",
                "",
                "The most memory that the large buffers of a process take, of all its workers and repositories together; of Java's heap at most half. Fewer workers run when there is no room for all.");
        d.key("rate-limit", new ByteRate(), null, "no limit", "The most that a backup reads, per second.");
        d.key(
                "page-checksums",
                FLAG,
                "true",
                "",
                "Whether a backup checks the checksum of every page, where the cluster has them.");
        d.key(
                "archive-deadline",
                new Span(Duration.ofSeconds(1), Duration.ofHours(1)),
                "5min",
                "",
                "How long archive-push tries before it tells PostgreSQL to ask again.");
        d.key(
                "history-deadline",
                new Span(Duration.ZERO, Duration.ofMinutes(10)),
                "20s",
                "",
                "How long archive-get on a standby tries again to get a history file that could not be fetched.");
        d.key(
                "spool-directory",
                PATH,
                "/var/spool/pgbk",
                "",
                "Where archive-push remembers from one call to the next which repository with wal: repaired is away or behind, and backup keeps digests of pages, if the directory is there.");
        d.key(
                "digest-cache",
                new ByteLimit(),
                "2GiB",
                "",
                "The most that the page digests of a cluster's backups in one repository take in spool-directory, about a thousandth of its relations: differential and incremental backups need not fetch them.");
        d.key(
                "time-zone",
                new Zone(),
                null,
                "times on the command line need a zone; calendars and cron use UTC",
                "Calendars, cron, and times without a zone.");

        for (String job : List.of("full", "diff", "incr", "expire", "verify", "drill", "check")) {
            d.key("schedule." + job, CRON, null, "not scheduled", "When the service runs " + job + ".");
        }
        d.key(
                "schedule.on",
                new Choice("leader", "replica", "replica-preferred"),
                "leader",
                "",
                "Which node of the cluster runs scheduled backups.");
        d.key("serve.listen", new ListenAddress(), "127.0.0.1:8432", "", "Where the service answers.");
        d.key("serve.token-file", PATH, null, "only loopback may ask", "A file with the token that callers must show.");
        d.key(
                "serve.job-store",
                new Text(
                        Pattern.compile("memory|jdbc:postgresql:(?!.*password=)[!-~]{1,500}"),
                        "`memory` or a `jdbc:postgresql:` address without a password"),
                "memory",
                "",
                "Where the service keeps its jobs.");
        d.key("drill.directory", PATH, null, "a directory beside the data directory", "Where drills restore to.");
        d.key(
                "drill.sql-file",
                PATH,
                null,
                "no checks of your own",
                "Statements that a drill runs; each must return true.");
        d.key("drill.amcheck", FLAG, "true", "", "Whether a drill checks indexes and heaps with amcheck.");
        d.key("notify.webhook", new HttpUrl(), null, "none", "Is told by POST when something needs attention.");
        d.key(
                "notify.email",
                new Text(Pattern.compile("[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,253}"), "an address like `dba@example.net`"),
                null,
                "none",
                "Is told by mail when something needs attention.");
        return d.keys;
    }

    private static Map<String, SequencedSet<String>> children() {
        Map<String, SequencedSet<String>> children = new LinkedHashMap<>();
        for (String path : KEYS.keySet()) {
            List<String> parts = new ArrayList<>(List.of(path.split("\\.", -1)));
            String parent = "";
            for (String part : parts) {
                String name = part.endsWith("[]") ? part.substring(0, part.length() - 2) : part;
                children.computeIfAbsent(parent, absent -> new LinkedHashSet<>())
                        .add(name);
                parent = parent.isEmpty() ? part : parent + "." + part;
            }
        }
        return children;
    }

    private static final class Definition {
        private final Map<String, ConfigKey> keys = new LinkedHashMap<>();

        void key(String path, ValueType type, @Nullable String defaultText, String without, String description) {
            keys.put(path, new ConfigKey(path, type, defaultText, without, false, description));
        }

        void secret(String path, String description) {
            keys.put(path, new ConfigKey(path, SECRET, null, "the file is used", true, description));
        }
    }
}
