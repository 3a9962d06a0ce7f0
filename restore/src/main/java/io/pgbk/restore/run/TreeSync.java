package io.pgbk.restore.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes everything below a directory durable: by one syncfs(2) where the kernel reports by it that something could not
 * be written, else by an fsync of each file and directory. A million files would wait for the disk a million times.
 *
 * <p>A failure is never tried again in the other way: the kernel tells of lost pages once and then takes them for clean.
 */
final class TreeSync {
    private static final Pattern VERSION = Pattern.compile("([0-9]{1,4})\\.([0-9]{1,4}).*", Pattern.DOTALL);
    /** Older ones let syncfs succeed although pages were lost (see PostgreSQL's recovery_init_sync_method). */
    private static final int REPORTING_MAJOR = 5;

    private static final int REPORTING_MINOR = 8;
    /** What programs without the option say in the C locale; old and small systems have such. */
    private static final Pattern NO_SUCH_OPTION = Pattern.compile("(invalid|unrecognized|unknown) option|usage");

    private static final int MAX_OUTPUT_BYTES = 4096;

    private final String program;
    private final boolean syncfsReports;

    /**
     * A way of syncing.
     *
     * @param program a {@code sync} that may know {@code -f}
     * @param syncfsReports whether syncfs fails when pages could not be written
     */
    TreeSync(String program, boolean syncfsReports) {
        this.program = program;
        this.syncfsReports = syncfsReports;
    }

    static TreeSync ofThisSystem() {
        return new TreeSync("sync", syncfsReports(System.getProperty("os.name"), System.getProperty("os.version")));
    }

    static boolean syncfsReports(String system, String version) {
        Matcher matcher = VERSION.matcher(version);
        if (!system.equals("Linux") || !matcher.matches()) {
            return false;
        }
        int major = Integer.parseInt(matcher.group(1));
        return major > REPORTING_MAJOR
                || (major == REPORTING_MAJOR && Integer.parseInt(matcher.group(2)) >= REPORTING_MINOR);
    }

    /**
     * Syncs.
     *
     * @throws IOException when anything below the directory may not be durable
     */
    void sync(Path root) throws IOException {
        if (syncfsReports && syncFileSystem(root)) {
            return;
        }
        syncBelow(root);
        Path parent = root.toAbsolutePath().getParent();
        if (parent != null && Files.isReadable(parent)) {
            force(parent);
        }
    }

    /** False when this system has no program for it. */
    private boolean syncFileSystem(Path root) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(program, "-f", root.toString()).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return false;
        }
        try (var output = process.getInputStream()) {
            process.getOutputStream().close();
            String said = new String(output.readNBytes(MAX_OUTPUT_BYTES), StandardCharsets.ISO_8859_1).strip();
            int status = process.waitFor();
            if (status != 0
                    && !NO_SUCH_OPTION.matcher(said.toLowerCase(Locale.ROOT)).find()) {
                throw new IOException(
                        "the file system could not be synced: " + (said.isEmpty() ? "status " + status : said));
            }
            return status == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while syncing " + root, e);
        } finally {
            process.destroy();
        }
    }

    private static void syncBelow(Path directory) throws IOException {
        try (var children = Files.newDirectoryStream(directory)) {
            for (Path child : children) {
                if (Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
                    syncBelow(child);
                } else if (Files.isRegularFile(child, LinkOption.NOFOLLOW_LINKS)) {
                    force(child);
                }
            }
        }
        force(directory);
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            channel.force(true);
        }
    }
}
