package io.pgbk.cli.packaging;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * One jar with the program and its libraries. A JVM opens every jar of its class path as soon as one resource is looked
 * for in all of them, which the S3 client does; one jar is opened once. Left out: classes for other Java versions
 * (their binding of zstd starts slowly), signatures (they do not survive), native libraries (they lie beside, unpacked),
 * and the registration of security providers (a search for an algorithm would load them all; pgbk names its providers).
 * Left out too: classes of a large library that nothing leads to, because Java reads the jar's whole directory in every
 * process that looks for a resource. Classes of an old form are brought to a newer one, and the program's own spared work at the start ({@link
 * StartupLinkage}).
 */
final class ProgramJar {
    private static final String SERVICES = "META-INF/services/";
    private static final String OWN = "io/pgbk/";
    /** Of Bouncy Castle only the derivation of keys from passphrases is used: a hundredth of six thousand classes. */
    private static final String LITTLE_USED = "org/bouncycastle/";

    private final Map<String, byte[]> entries = new TreeMap<>();
    private final Map<String, Path> origins = new TreeMap<>();

    /** @param jars in the order of the class path; of two entries with one name the first counts, as it does there */
    ProgramJar(List<Path> jars) throws IOException {
        for (Path jar : jars) {
            try (ZipFile zip = new ZipFile(jar.toFile())) {
                Iterator<? extends ZipEntry> all = zip.entries().asIterator();
                while (all.hasNext()) {
                    ZipEntry entry = all.next();
                    if (!entry.isDirectory() && belongs(entry.getName())) {
                        try (InputStream content = zip.getInputStream(entry)) {
                            add(entry.getName(), content.readAllBytes(), jar);
                        }
                    }
                }
            }
        }
    }

    private static boolean belongs(String name) {
        if (name.startsWith(SERVICES)) {
            return !name.equals(SERVICES + "java.security.Provider");
        }
        return !name.startsWith("META-INF/")
                && !name.endsWith("module-info.class")
                && !name.endsWith(".so")
                && !name.endsWith(".dylib")
                && !name.endsWith(".jnilib")
                && !name.endsWith(".dll")
                && !name.startsWith("io/pgbk/cli/packaging/");
    }

    private void add(String name, byte[] content, Path jar) throws IOException {
        byte[] present = entries.get(name);
        if (present == null) {
            entries.put(name, content);
            origins.put(name, jar);
        } else if (name.startsWith(SERVICES)) {
            ByteArrayOutputStream both = new ByteArrayOutputStream();
            both.writeBytes(present);
            both.write('\n');
            both.writeBytes(content);
            entries.put(name, both.toByteArray());
        } else if (name.endsWith(".class") && !Arrays.equals(present, content)) {
            throw new IOException(origins.get(name) + " and " + jar + " have different classes " + name);
        }
    }

    /** Writes the jar; the same content and time give the same bytes. */
    void write(Path file, String mainClass, String version, Instant time) throws IOException {
        LocalDateTime stamp = LocalDateTime.ofInstant(time, ZoneOffset.UTC);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            String manifest = "Manifest-Version: 1.0\r\nMain-Class: " + mainClass + "\r\nImplementation-Version: "
                    + version + "\r\n\r\n";
            put(zip, "META-INF/MANIFEST.MF", manifest.getBytes(StandardCharsets.US_ASCII), stamp);
            ClassUpgrade upgrade = new ClassUpgrade(entries);
            StartupLinkage linkage = new StartupLinkage(upgrade.classFiles());
            Set<String> needless = UnusedClasses.of(entries, LITTLE_USED);
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                if (needless.contains(entry.getKey())) {
                    continue;
                }
                put(zip, entry.getKey(), shipped(entry.getKey(), entry.getValue(), upgrade, linkage), stamp);
            }
        }
    }

    private static byte[] shipped(String name, byte[] content, ClassUpgrade upgrade, StartupLinkage linkage) {
        if (!name.endsWith(".class")) {
            return content;
        }
        if (name.startsWith(OWN)) {
            return linkage.writeOut(content);
        }
        return ClassUpgrade.isOld(content) ? upgrade.upgrade(content) : content;
    }

    private static void put(ZipOutputStream zip, String name, byte[] content, LocalDateTime stamp) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(stamp);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
