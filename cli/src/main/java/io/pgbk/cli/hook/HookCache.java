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
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * What the cache that the program starts from was made of: the program, its launcher (which holds the flags) and Java. The
 * cache's file is named by a digest of all three, because a JVM can go on serving the classes of a jar that was replaced
 * (JDK-8377932). Of the jar only the directory at its end is digested, which holds the length and the CRC-32 of every
 * file in it. The hooks look beside their work whether the cache is of what is installed; for all other commands the
 * launcher does, which therefore finds the number of bytes at the jar's end in the file's name too. The hooks compare
 * two CRCs of the same bytes, which a JVM computes at full speed from its first moment, where SHA-256 takes a twentieth
 * of a second of a processor that they need for something else.
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
    private static final String PREFIX = "pgbk-";
    private static final String SUFFIX = ".aot";

    /** The installation that this process runs from. */
    public static HookCache ofThisProcess() {
        Path home = Path.of(System.getProperty("pgbk.home", ""));
        return new HookCache(
                home.resolve("lib/pgbk.jar"),
                home.resolve("bin/pgbk"),
                Path.of(System.getProperty("java.home"), "release"));
    }

    /**
     * The name of the cache's file for this installation: "pgbk-", a number of bytes, "-", 32 hexadecimal digits of a
     * SHA-256, "-", 16 hexadecimal digits of two CRCs, ".aot".
     */
    public String fileName() throws IOException {
        ByteBuffer madeOf = madeOf();
        MessageDigest digest = Digests.sha256();
        digest.update(madeOf.duplicate());
        return PREFIX + directoryOf(jar).remaining() + "-" + HexFormat.of().formatHex(digest.digest(), 0, DIGEST_BYTES)
                + check(madeOf);
    }

    /**
     * Whether a file of this name was made for this installation. A file that was made for another one is taken for it
     * only when both CRCs, CRC-32 and CRC-32C, are the same by chance.
     *
     * @param fileName as {@link #fileName()} gives it
     */
    boolean isMadeFor(String fileName) throws IOException {
        return fileName.startsWith(PREFIX) && fileName.endsWith(check(madeOf()));
    }

    /** Begins to look whether {@link #isMadeFor} holds; what the process must not outlive when it does not. */
    Check startCheck(String fileName) {
        Check check = new Check(this, fileName);
        check.thread.start();
        return check;
    }

    private static String check(ByteBuffer madeOf) {
        CRC32 one = new CRC32();
        one.update(madeOf.duplicate());
        CRC32C other = new CRC32C();
        other.update(madeOf.duplicate());
        HexFormat hex = HexFormat.of();
        return "-" + hex.toHexDigits((int) one.getValue()) + hex.toHexDigits((int) other.getValue()) + SUFFIX;
    }

    /** The end of the jar, the launcher and Java's release file. */
    private ByteBuffer madeOf() throws IOException {
        ByteBuffer directory = directoryOf(jar);
        byte[] script = Files.readAllBytes(launcher);
        byte[] release = Files.readAllBytes(javaRelease);
        return ByteBuffer.allocate(directory.remaining() + script.length + release.length)
                .put(directory)
                .put(script)
                .put(release)
                .flip();
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
    static final class Check implements Runnable {
        private final Thread thread;
        private final HookCache installed;
        private final String used;
        private volatile boolean stale = true;

        private Check(HookCache installed, String used) {
            this.installed = installed;
            this.used = used;
            thread = Thread.ofPlatform().daemon().name("pgbk-cache-check").unstarted(this);
        }

        @Override
        public void run() {
            try {
                stale = !installed.isMadeFor(used);
            } catch (IOException unreadable) {
                // What this process runs cannot be told, so it does not count.
            }
            if (stale) {
                // What runs here may be another program: it must neither succeed nor fail nor say anything.
                Runtime.getRuntime().halt(STALE);
            }
        }

        /** @param used the name of the cache's file */
        static Check start(String used) {
            return ofThisProcess().startCheck(used);
        }

        /**
         * Returns when it is sure that the cache is right; otherwise the process ends. A signal, which interrupts this
         * thread, does not shorten it: the answer is a few reads of local files away, and who was told to stop in their
         * middle must not end as a program that is stale.
         */
        void await() {
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (stale) {
                Runtime.getRuntime().halt(STALE);
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
