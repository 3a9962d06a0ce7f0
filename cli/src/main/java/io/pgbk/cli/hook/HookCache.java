package io.pgbk.cli.hook;

import io.pgbk.catalog.format.crypto.Digests;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * What the cache that the program starts from was made of: the program, its launcher (which holds the flags) and Java. The
 * cache's file is named by a digest of all three, because a JVM can go on serving the classes of a jar that was replaced
 * (JDK-8377932). Of the jar only the directory at its end is digested, which holds the length and the CRC-32 of every
 * file in it. The hooks look beside their work whether the cache is of what is installed; for all other commands the
 * launcher does, which therefore finds the number of bytes at the jar's end in the file's name too.
 *
 * @param jar the program
 * @param launcher the script that starts it
 * @param javaRelease the file that names the version of Java
 */
public record HookCache(Path jar, Path launcher, Path javaRelease) {
    /** The exit status by which a process says that it was started from a cache of something else. */
    static final int STALE = 122;

    private static final int END_BYTES = 22;
    private static final int END_SIGNATURE = 0x06054b50;
    private static final int DIGEST_BYTES = 16;

    /** The installation that this process runs from. */
    public static HookCache ofThisProcess() {
        Path home = Path.of(System.getProperty("pgbk.home", ""));
        return new HookCache(
                home.resolve("lib/pgbk.jar"),
                home.resolve("bin/pgbk"),
                Path.of(System.getProperty("java.home"), "release"));
    }

    /** The name of the cache's file for this installation: "pgbk-", a number of bytes, "-", 32 hexadecimal digits, ".aot". */
    public String fileName() throws IOException {
        MessageDigest digest = Digests.sha256();
        ByteBuffer directory = directoryOf(jar);
        int bytes = directory.remaining();
        digest.update(directory);
        digest.update(Files.readAllBytes(launcher));
        digest.update(Files.readAllBytes(javaRelease));
        return "pgbk-" + bytes + "-" + HexFormat.of().formatHex(digest.digest(), 0, DIGEST_BYTES) + ".aot";
    }

    /** From the directory's start to the end of the file. */
    private static ByteBuffer directoryOf(Path jar) throws IOException {
        try (FileChannel file = FileChannel.open(jar)) {
            ByteBuffer end = read(file, Math.max(0, file.size() - END_BYTES), END_BYTES);
            if (end.getInt(0) != END_SIGNATURE) {
                throw new IOException(jar + " does not end as this program's jar does");
            }
            long start = end.getInt(16) & 0xFFFF_FFFFL;
            return read(file, start, Math.toIntExact(file.size() - start));
        }
    }

    private static ByteBuffer read(FileChannel file, long position, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, position + buffer.position()) < 0) {
                throw new EOFException(file + " ended early");
            }
        }
        return buffer.flip();
    }

    /** Looks, beside the hook's work, whether the cache is of this installation. */
    static final class Check {
        private final Thread thread;
        private volatile boolean stale = true;

        private Check(String used) {
            thread = Thread.ofPlatform().daemon().name("pgbk-cache-check").unstarted(() -> {
                try {
                    stale = !ofThisProcess().fileName().equals(used);
                } catch (IOException unreadable) {
                    // What this process runs cannot be told, so it does not count.
                }
                if (stale) {
                    // What runs here may be another program: it must neither succeed nor fail nor say anything.
                    Runtime.getRuntime().halt(STALE);
                }
            });
            thread.start();
        }

        /** @param used the name of the cache's file */
        static Check start(String used) {
            return new Check(used);
        }

        /** Returns when it is sure that the cache is right; otherwise the process ends. */
        void await() {
            try {
                thread.join();
            } catch (InterruptedException e) {
                // Not proved right in time: that counts as stale.
                Thread.currentThread().interrupt();
            }
            if (stale) {
                Runtime.getRuntime().halt(STALE);
            }
        }
    }
}
