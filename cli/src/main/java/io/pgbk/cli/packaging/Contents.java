package io.pgbk.cli.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a package contains, by path and in the order of paths; folders come before what is in them. */
final class Contents {
    private static final int PROGRAM = 0755;
    private static final int DATA = 0644;

    private sealed interface Item {
        record Folder(int mode) implements Item {}

        record Stored(int mode, Path file) implements Item {}

        @SuppressWarnings("ArrayRecordComponent")
        record Made(int mode, byte[] content) implements Item {}

        record Link(String target) implements Item {}
    }

    private final Map<String, Item> items = new TreeMap<>();

    /** Adds a folder with everything in it, except the caches, which are made where pgbk is installed. */
    void addTree(String path, Path directory) throws IOException {
        addTree(path, directory, Set.of());
    }

    /** @param without files and folders that are left out */
    void addTree(String path, Path directory, Set<String> without) throws IOException {
        for (Path file : Trees.list(directory)) {
            String below = directory.relativize(file).toString();
            if (without.stream().anyMatch(left -> below.equals(left) || below.startsWith(left + "/"))) {
                continue;
            }
            String name = below.isEmpty() ? path : path + "/" + below;
            if (Files.isSymbolicLink(file)) {
                addLink(name, Files.readSymbolicLink(file).toString());
            } else if (Files.isDirectory(file)) {
                addFolder(name, PROGRAM);
            } else if (!name.matches(".*/lib/pgbk-[0-9a-f-]+\\.aot")) {
                parents(name);
                items.put(name, new Item.Stored(Files.isExecutable(file) ? PROGRAM : DATA, file));
            }
        }
    }

    void addFolder(String path, int mode) {
        parents(path);
        items.put(path, new Item.Folder(mode));
    }

    void addFile(String path, int mode, byte[] content) {
        parents(path);
        items.put(path, new Item.Made(mode, content));
    }

    void addLink(String path, String target) {
        parents(path);
        items.put(path, new Item.Link(target));
    }

    private void parents(String path) {
        int slash = path.lastIndexOf('/');
        if (slash > 0 && !items.containsKey(path.substring(0, slash))) {
            addFolder(path.substring(0, slash), PROGRAM);
        }
    }

    void write(TarWriter tar) throws IOException {
        for (Map.Entry<String, Item> entry : items.entrySet()) {
            String name = entry.getKey();
            switch (entry.getValue()) {
                case Item.Folder folder -> tar.directory(name, folder.mode());
                case Item.Stored stored -> tar.file(name, stored.mode(), stored.file());
                case Item.Made made -> tar.file(name, made.mode(), made.content());
                case Item.Link link -> tar.link(name, link.target());
            }
        }
    }

    /** Bytes of all files. */
    long totalBytes() throws IOException {
        long total = 0;
        for (Item item : items.values()) {
            total += switch (item) {
                case Item.Stored stored -> Files.size(stored.file());
                case Item.Made made -> made.content().length;
                case Item.Folder ignored -> 0;
                case Item.Link ignored -> 0;
            };
        }
        return total;
    }

    /**
     * The list that dpkg keeps: one line per file, MD5 and path without a leading {@code ./}.
     *
     * @param configuration is not in it, dpkg keeps its sum apart
     */
    String md5Sums(String configuration) throws IOException {
        StringBuilder sums = new StringBuilder();
        for (Map.Entry<String, Item> entry : items.entrySet()) {
            byte[] content = switch (entry.getValue()) {
                case Item.Stored stored -> Files.readAllBytes(stored.file());
                case Item.Made made -> made.content();
                case Item.Folder ignored -> null;
                case Item.Link ignored -> null;
            };
            if (content != null && !entry.getKey().equals(configuration)) {
                sums.append(md5(content))
                        .append("  ")
                        .append(entry.getKey().replaceFirst("^\\./", ""))
                        .append('\n');
            }
        }
        return sums.toString();
    }

    private static String md5(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(content));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has MD5", e);
        }
    }
}
