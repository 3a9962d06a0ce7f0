package io.pgbk.testkit;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A plain HTTP proxy on loopback in front of a store that does to each request what the test decides. One request per
 * connection, so that faults hit exactly one request. The Host header passes unchanged: signatures stay valid.
 */
public final class FaultProxy implements AutoCloseable {
    private static final int MAX_HEAD_BYTES = 64 << 10;

    private final ServerSocket server;
    private final URI target;
    private final Function<Request, Fault> faults;
    private final AtomicInteger numbers = new AtomicInteger();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * A request that the proxy saw.
     *
     * @param number from 0
     * @param path path and query as sent
     */
    public record Request(int number, String method, String path) {}

    private FaultProxy(URI target, Function<Request, Fault> faults) throws IOException {
        server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        this.target = target;
        this.faults = faults;
        Thread.ofPlatform().daemon().name("fault proxy").start(this::accept);
    }

    /** Starts a proxy in front of a store on loopback; {@code faults} is asked for each request, by many threads. */
    public static FaultProxy start(URI target, Function<Request, Fault> faults) {
        try {
            return new FaultProxy(target, faults);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where clients find the proxy. */
    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    /** All requests so far, in the order of their arrival. */
    public List<Request> requests() {
        return List.copyOf(requests);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> serve(client));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket client) {
        open.add(client);
        try (client) {
            exchange(client);
        } catch (IOException e) {
            // Clients that give up are part of the tests.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
        }
    }

    private void exchange(Socket client) throws IOException, InterruptedException {
        InputStream input = new BufferedInputStream(client.getInputStream());
        OutputStream output = client.getOutputStream();
        String head = readHead(input);
        if (head.isEmpty()) {
            return;
        }
        if (hasHeader(head, "expect")) {
            output.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        }
        String[] line = head.lines().findFirst().orElseThrow().split(" ", 3);
        Request request = new Request(numbers.getAndIncrement(), line[0], line[1]);
        requests.add(request);
        Fault fault = faults.apply(request);
        if (fault instanceof Fault.CutRequest(int bytes)) {
            input.readNBytes(Math.min(bytes, contentLength(head)));
            client.setSoLinger(true, 0);
            return;
        }
        long perSecond = fault instanceof Fault.Throttle(long speed) ? speed : Long.MAX_VALUE;
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        copy(input, sent, contentLength(head), perSecond);
        byte[] body = sent.toByteArray();
        switch (fault) {
            case Fault.None() -> relay(head, body, output, Long.MAX_VALUE);
            case Fault.Answer(int status, String text) -> answer(output, status, text);
            case Fault.AnswerInstead(int status, String text) -> {
                relay(head, body, OutputStream.nullOutputStream(), Long.MAX_VALUE);
                answer(output, status, text);
            }
            case Fault.LoseAnswer() -> {
                relay(head, body, OutputStream.nullOutputStream(), Long.MAX_VALUE);
                client.setSoLinger(true, 0);
            }
            case Fault.SwallowAnswer() -> {
                relay(head, body, OutputStream.nullOutputStream(), Long.MAX_VALUE);
                closed.await();
            }
            case Fault.Alter(UnaryOperator<byte[]> change) -> alter(head, body, output, change);
            case Fault.Throttle(long speed) -> relay(head, body, output, Long.MAX_VALUE, speed);
            case Fault.CutRequest cut -> throw new IllegalStateException("handled before: " + cut);
            case Fault.Reset() -> client.setSoLinger(true, 0);
            case Fault.CutBody(long bytes) -> relay(head, body, output, bytes);
            case Fault.Delay(java.time.Duration time) -> {
                if (!closed.await(time.toMillis(), TimeUnit.MILLISECONDS)) {
                    relay(head, body, output, Long.MAX_VALUE);
                }
            }
            case Fault.Hang() -> closed.await();
        }
    }

    private void relay(String head, byte[] body, OutputStream client, long maxBodyBytes)
            throws IOException, InterruptedException {
        relay(head, body, client, maxBodyBytes, Long.MAX_VALUE);
    }

    /** Sends the request to the store and copies its answer, at most so many bytes of the answer's body. */
    private void relay(String head, byte[] body, OutputStream client, long maxBodyBytes, long perSecond)
            throws IOException, InterruptedException {
        try (Socket store = new Socket(InetAddress.getLoopbackAddress(), target.getPort())) {
            InputStream answer = ask(store, head, body);
            client.write(oneRequestOnly(readAnswerHead(answer)).getBytes(StandardCharsets.ISO_8859_1));
            copy(answer, client, maxBodyBytes, perSecond);
            client.flush();
        }
    }

    private InputStream ask(Socket store, String head, byte[] body) throws IOException {
        open.add(store);
        OutputStream output = store.getOutputStream();
        output.write(oneRequestOnly(head).getBytes(StandardCharsets.ISO_8859_1));
        output.write(body);
        output.flush();
        return new BufferedInputStream(store.getInputStream());
    }

    private static String readAnswerHead(InputStream answer) throws IOException {
        String head = readHead(answer);
        while (head.startsWith("HTTP/1.1 100")) {
            head = readHead(answer);
        }
        return head;
    }

    private void alter(String head, byte[] body, OutputStream client, UnaryOperator<byte[]> change) throws IOException {
        try (Socket store = new Socket(InetAddress.getLoopbackAddress(), target.getPort())) {
            InputStream answer = ask(store, head, body);
            String answerHead = readAnswerHead(answer);
            byte[] content = answer.readAllBytes();
            byte[] changed = change.apply(isChunked(answerHead) ? unchunked(content) : content);
            StringBuilder newHead = new StringBuilder();
            answerHead
                    .lines()
                    .filter(line -> !isHeader(line, "content-length") && !isHeader(line, "transfer-encoding"))
                    .filter(line -> !line.isEmpty())
                    .forEach(line -> newHead.append(line).append("\r\n"));
            newHead.append("Content-Length: ").append(changed.length).append("\r\n");
            client.write(oneRequestOnly(newHead.toString()).getBytes(StandardCharsets.ISO_8859_1));
            client.write(changed);
            client.flush();
        }
    }

    private static boolean isChunked(String head) {
        return head.lines()
                .anyMatch(line -> isHeader(line, "transfer-encoding")
                        && line.toLowerCase(Locale.ROOT).contains("chunked"));
    }

    /** The content of a body in chunks (RFC 9112, section 7.1), without extensions and trailers. */
    private static byte[] unchunked(byte[] chunks) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        int at = 0;
        while (at < chunks.length) {
            int end = at;
            while (chunks[end] != '\r') {
                end++;
            }
            int length = Integer.parseInt(new String(chunks, at, end - at, StandardCharsets.ISO_8859_1).strip(), 16);
            content.write(chunks, end + 2, length);
            at = length == 0 ? chunks.length : end + 2 + length + 2;
        }
        return content.toByteArray();
    }

    private void copy(InputStream from, OutputStream to, long maxBytes, long perSecond)
            throws IOException, InterruptedException {
        int most = (int) Math.max(1, Math.min(32 << 10, perSecond / 20));
        byte[] buffer = new byte[most];
        long left = maxBytes;
        while (left > 0) {
            int n = from.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (n < 0) {
                return;
            }
            to.write(buffer, 0, n);
            left -= n;
            if (perSecond != Long.MAX_VALUE) {
                to.flush();
                if (closed.await(n * 1_000_000_000L / perSecond, TimeUnit.NANOSECONDS)) {
                    return;
                }
            }
        }
    }

    private static void answer(OutputStream output, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + " Fault\r\nContent-Type: application/xml\r\nContent-Length: " + body.length
                + "\r\nConnection: close\r\n\r\n";
        output.write(head.getBytes(StandardCharsets.ISO_8859_1));
        output.write(body);
        output.flush();
    }

    /** Reads a head up to and with its empty line; empty when the connection ended before. */
    private static String readHead(InputStream input) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int ends = 0;
        while (ends < 4) {
            int b = input.read();
            if (b < 0) {
                return "";
            }
            if (head.size() >= MAX_HEAD_BYTES) {
                throw new IOException("a head of more than " + MAX_HEAD_BYTES + " bytes");
            }
            head.write(b);
            ends = b == (ends % 2 == 0 ? '\r' : '\n') ? ends + 1 : b == '\r' ? 1 : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private static String oneRequestOnly(String head) {
        StringBuilder changed = new StringBuilder();
        head.lines()
                .filter(line -> !line.isEmpty())
                .filter(line -> !isHeader(line, "connection") && !isHeader(line, "expect"))
                .forEach(line -> changed.append(line).append("\r\n"));
        return changed.append("Connection: close\r\n\r\n").toString();
    }

    private static boolean isHeader(String line, String name) {
        return line.toLowerCase(Locale.ROOT).startsWith(name + ":");
    }

    private static boolean hasHeader(String head, String name) {
        return head.lines().anyMatch(line -> isHeader(line, name));
    }

    private static int contentLength(String head) {
        return head.lines()
                .filter(line -> isHeader(line, "content-length"))
                .map(line -> Integer.parseInt(
                        line.substring("content-length:".length()).strip()))
                .findFirst()
                .orElse(0);
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            server.close();
            for (Closeable connection : open) {
                connection.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
