package io.pgbk.cli.rehearsal;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * As much of S3 as the hooks ask for, over the files of a directory: GET, exclusive PUT and LIST. It listens on loopback
 * only and checks no signature.
 */
final class SampleStore implements AutoCloseable {
    static final String BUCKET = "rehearsal";

    private final Path directory;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final String scheme;

    private SampleStore(Path directory, HttpServer server, String scheme) {
        this.directory = directory;
        this.server = server;
        this.scheme = scheme;
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    /** @param tls for an https endpoint; null for http */
    static SampleStore start(Path directory, @Nullable SSLContext tls) throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        if (tls == null) {
            return new SampleStore(directory, HttpServer.create(address, 0), "http");
        }
        HttpsServer server = HttpsServer.create(address, 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        return new SampleStore(directory, server, "https");
    }

    URI endpoint() {
        return URI.create(scheme + "://127.0.0.1:" + server.getAddress().getPort());
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String key = exchange.getRequestURI()
                    .getPath()
                    .substring(1 + BUCKET.length())
                    .replaceFirst("^/", "");
            switch (exchange.getRequestMethod()) {
                case "PUT" -> put(exchange, key);
                case "GET" -> {
                    if (key.isEmpty()) {
                        list(exchange);
                    } else {
                        get(exchange, key);
                    }
                }
                default -> send(exchange, 405, "<Error><Code>MethodNotAllowed</Code></Error>");
            }
        } catch (PgbkException | UncheckedIOException e) {
            throw new IOException(e);
        }
    }

    private void put(HttpExchange exchange, String key) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        Path file = directory.resolve(key);
        Files.createDirectories(file.getParent());
        try {
            Files.write(file, body, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            exchange.getResponseHeaders().add("ETag", "\"" + body.length + "\"");
            send(exchange, 200, "");
        } catch (FileAlreadyExistsException e) {
            send(exchange, 412, "<Error><Code>PreconditionFailed</Code></Error>");
        }
    }

    private void get(HttpExchange exchange, String key) throws IOException {
        byte[] content;
        try {
            content = Files.readAllBytes(directory.resolve(key));
        } catch (NoSuchFileException e) {
            send(exchange, 404, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>");
            return;
        }
        exchange.getResponseHeaders().add("ETag", "\"" + content.length + "\"");
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (range == null) {
            send(exchange, 200, content);
            return;
        }
        String[] ends = range.substring("bytes=".length()).split("-", 2);
        int from = Integer.parseInt(ends[0]);
        int to = Math.min(content.length - 1, Integer.parseInt(ends[1]));
        exchange.getResponseHeaders()
                .add("Content-Range", String.format(Locale.ROOT, "bytes %d-%d/%d", from, to, content.length));
        send(exchange, 206, Arrays.copyOfRange(content, from, to + 1));
    }

    private void list(HttpExchange exchange) throws IOException {
        String prefix = parameter(exchange.getRequestURI().getRawQuery(), "prefix");
        StringBuilder answer = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>")
                .append("<IsTruncated>false</IsTruncated>");
        for (Path file : files()) {
            String key = directory.relativize(file).toString();
            if (key.startsWith(prefix)) {
                answer.append("<Contents><Key>")
                        .append(key)
                        .append("</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"0\"</ETag><Size>")
                        .append(Files.size(file))
                        .append("</Size></Contents>");
            }
        }
        send(exchange, 200, answer.append("</ListBucketResult>").toString());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static String parameter(String query, String name) {
        return Stream.of(query.split("&", -1))
                .filter(part -> part.startsWith(name + "="))
                .map(part -> URLDecoder.decode(part.substring(name.length() + 1), StandardCharsets.UTF_8))
                .findFirst()
                .orElse("");
    }

    private static void send(HttpExchange exchange, int status, String xml) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/xml");
        send(exchange, status, xml.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
