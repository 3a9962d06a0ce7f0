package io.pgbk.cli.hook;

import io.pgbk.cli.command.Commands;
import io.pgbk.cli.config.ConfigurationLoader;
import io.pgbk.cli.output.StopRequest;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Endpoint;
import io.pgbk.testkit.S3ProxyServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** A server with WAL, an S3 server behind a proxy that fails when a test says so, and the hooks run in this JVM. */
final class HookSite implements AutoCloseable {
    private static final String BUCKET = "hooks";
    private static final AtomicInteger PREFIXES = new AtomicInteger();

    /** So patient that a busy machine is no fault. */
    private static final String PATIENT = "    timeouts: {connect: 10s, request: 20s, total: 1min}\n    retries: 2\n";

    private final Path directory;
    private final PostgresServer server;
    private final S3ProxyServer store;
    private final AtomicReference<Function<FaultProxy.Request, Fault>> faults =
            new AtomicReference<>(request -> new Fault.None());
    private final FaultProxy proxy;
    private final List<String> segments = new ArrayList<>();

    /** How a hook ended and what it said. */
    record Ended(HookResult result, String stderr) {}

    HookSite(Path directory) {
        this.directory = directory;
        this.server = PostgresServer.builder(15)
                .withSetting("archive_mode", "on")
                .withSetting("archive_command", "false")
                .start();
        for (int i = 0; i < 4; i++) {
            server.sql("create table t" + i + " as select generate_series(1, 1000) i");
            segments.add(server.switchWal());
        }
        this.store = S3ProxyServer.start(AsPostgres.createDirectory(directory.resolve("store")), BUCKET);
        this.proxy = FaultProxy.start(
                store.endpoint(BUCKET).url(), request -> faults.get().apply(request));
        secret("access-key", store.endpoint(BUCKET).accessKey());
        secret("secret-key", store.endpoint(BUCKET).secretKey());
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        secret("key", key);
        new SecureRandom().nextBytes(key);
        secret("other-key", key);
    }

    private Path secret(String name, String text) {
        return secret(name, text.getBytes(StandardCharsets.UTF_8));
    }

    Path secret(String name, byte[] content) {
        try {
            Path file = Files.write(directory.resolve(name), content);
            return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The names of whole segments, in order. */
    List<String> segments() {
        return segments;
    }

    Path dataDirectory() {
        return server.dataDirectory();
    }

    byte[] content(String segment) {
        try {
            return Files.readAllBytes(dataDirectory().resolve("pg_wal").resolve(segment));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    FaultProxy proxy() {
        return proxy;
    }

    S3Endpoint endpoint() {
        return store.endpoint(BUCKET);
    }

    /** What happens to requests from now on. */
    void faults(Function<FaultProxy.Request, Fault> wanted) {
        faults.set(wanted);
    }

    /** Every request of the method gets the fault from now on. */
    void fail(String method, Fault fault) {
        faults(request -> request.method().equals(method) ? fault : new Fault.None());
    }

    void heal() {
        faults(request -> new Fault.None());
    }

    /** The configuration of a repository behind the proxy. */
    final class Config {
        private final String prefix;
        private URI url = proxy.url();
        private String encryption = "{key-file: " + directory.resolve("key") + "}";
        private String secretKeyFile = "secret-key";
        private String more = PATIENT;
        private String top = "";

        private Config(String prefix) {
            this.prefix = prefix;
        }

        Config at(URI other) {
            Config changed = copy();
            changed.url = other;
            return changed;
        }

        Config encryptedWith(String text) {
            Config changed = copy();
            changed.encryption = text;
            return changed;
        }

        Config withSecretKeyFile(String name) {
            Config changed = copy();
            changed.secretKeyFile = name;
            return changed;
        }

        /** For stores that never answer. */
        Config impatient() {
            return with("    timeouts: {connect: 1s, request: 1s, total: 1s}\n");
        }

        /** Other lines for the repository, timeouts and retries. */
        Config with(String repositoryLines) {
            Config changed = copy();
            changed.more = repositoryLines;
            return changed;
        }

        Config withTop(String lines) {
            Config changed = copy();
            changed.top = lines;
            return changed;
        }

        private Config copy() {
            Config copy = new Config(prefix);
            copy.url = url;
            copy.encryption = encryption;
            copy.secretKeyFile = secretKeyFile;
            copy.more = more;
            copy.top = top;
            return copy;
        }

        private Path write() {
            String yaml = """
                    cluster: main
                    postgres:
                      data-directory: %s
                      host: %s
                      port: %d
                      user: %s
                    repositories:
                      - name: primary
                        url: s3://%s/%s
                        endpoint: %s
                        region: %s
                        path-style: true
                        allow-http: true
                        credentials: {access-key-file: %s, secret-key-file: %s}
                        encryption: %s
                    """.formatted(
                            dataDirectory(),
                            server.socketDirectory(),
                            server.port(),
                            server.user(),
                            BUCKET,
                            prefix,
                            url,
                            endpoint().region(),
                            directory.resolve("access-key"),
                            directory.resolve(secretKeyFile),
                            encryption);
            try {
                return Files.writeString(directory.resolve("pgbk.yaml"), yaml + more + top);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** A new repository, initialised and joined, behind the proxy. */
    Config repository() {
        heal();
        Config config = new Config("p" + PREFIXES.incrementAndGet());
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = Commands.run(List.of("--config", config.write().toString(), "init"), process(dataDirectory(), err));
        if (exit != 0) {
            throw new IllegalStateException("init: " + err.toString(StandardCharsets.UTF_8));
        }
        return config;
    }

    Ended push(Config config, String argument) {
        return run(HookCall.Kind.PUSH, config, dataDirectory(), "archive-push", argument);
    }

    Ended get(Config config, Path workingDirectory, String name) {
        return run(HookCall.Kind.GET, config, workingDirectory, "archive-get", name, "pg_wal/RECOVERYXLOG");
    }

    private Ended run(HookCall.Kind kind, Config config, Path workingDirectory, String... words) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        List<String> arguments =
                new ArrayList<>(List.of("--config", config.write().toString(), "-v"));
        arguments.addAll(List.of(words));
        HookResult result = Hooks.run(kind, arguments, process(workingDirectory, err));
        return new Ended(result, err.toString(StandardCharsets.UTF_8));
    }

    private ProcessContext process(Path workingDirectory, ByteArrayOutputStream err) {
        return new ProcessContext(
                new ConfigurationLoader(Path.of("/nonexistent"), Map.of()),
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                Optional.empty(),
                workingDirectory,
                directory,
                Clock.systemUTC(),
                System::nanoTime,
                new SecureRandom(),
                new StopRequest());
    }

    /** A directory from which a server would call restore_command. */
    Path recovering(String signal) {
        try {
            Path data = Files.createTempDirectory(directory, "data");
            Files.createDirectory(data.resolve("pg_wal"));
            Files.writeString(data.resolve("PG_VERSION"), "15\n");
            Files.createFile(data.resolve(signal));
            return data;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        proxy.close();
        store.close();
        server.close();
    }
}
