package io.pgbk.cli.packaging;

import java.io.IOException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Takes the symbol table and what a debugger wants out of programs and shared libraries, as Debian asks for. Nothing that
 * is loaded into memory moves or changes. Done here and not by {@code strip}, so that the result depends on no tool of the
 * machine that builds. The format is that of the System V ABI, 64 bits, little-endian.
 */
final class SymbolStripper {
    private static final byte[] MAGIC = {0x7F, 'E', 'L', 'F'};
    private static final int FILE_HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int SECTION_HEADER_BYTES = 64;
    private static final int EXECUTABLE = 2;
    private static final int SHARED_OBJECT = 3;
    private static final int SYMBOL_TABLE = 2;
    private static final int STRING_TABLE = 3;
    private static final int NO_BITS = 8;
    private static final long IN_MEMORY = 2;
    private static final long INFO_IS_AN_INDEX = 0x40;

    private final ByteBuffer file;
    private final List<Section> sections = new ArrayList<>();
    private final int namesIndex;

    /** One line of the table of sections; {@code header} are its 64 bytes. */
    private record Section(ByteBuffer header) {
        int name() {
            return header.getInt(0);
        }

        int type() {
            return header.getInt(4);
        }

        boolean isInMemory() {
            return (header.getLong(8) & IN_MEMORY) != 0;
        }

        boolean infoIsAnIndex() {
            return (header.getLong(8) & INFO_IS_AN_INDEX) != 0;
        }

        int offset() {
            return Math.toIntExact(header.getLong(24));
        }

        int size() {
            return type() == NO_BITS ? 0 : Math.toIntExact(header.getLong(32));
        }

        int link() {
            return header.getInt(40);
        }

        int alignment() {
            return Math.max(1, Math.toIntExact(header.getLong(48)));
        }
    }

    private SymbolStripper(byte[] content) {
        file = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int table = Math.toIntExact(file.getLong(40));
        int count = file.getShort(60) & 0xFFFF;
        namesIndex = file.getShort(62) & 0xFFFF;
        for (int i = 0; i < count; i++) {
            sections.add(new Section(file.slice(table + i * SECTION_HEADER_BYTES, SECTION_HEADER_BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)));
        }
    }

    /** Strips every program and library below a folder. */
    static void stripAll(Path directory) throws IOException {
        for (Path path : Trees.list(directory)) {
            if (Files.isRegularFile(path) && !Files.isSymbolicLink(path) && isBinary(path)) {
                byte[] content = Files.readAllBytes(path);
                byte[] stripped;
                try {
                    stripped = strip(content);
                } catch (IndexOutOfBoundsException
                        | ArithmeticException
                        | IllegalArgumentException
                        | BufferOverflowException e) {
                    throw new IOException(path + " is no program or library that can be stripped", e);
                }
                if (stripped.length < content.length) {
                    path.toFile().setWritable(true);
                    Files.write(path, stripped);
                }
            }
        }
    }

    private static boolean isBinary(Path path) throws IOException {
        try (var in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
        }
    }

    /**
     * The same without symbols. What is neither a program nor a shared library (an object file needs its symbols), or has
     * none, comes back as it is.
     *
     * @throws RuntimeException the content is damaged
     */
    static byte[] strip(byte[] content) {
        boolean is64LittleEndian = content.length >= FILE_HEADER_BYTES && content[4] == 2 && content[5] == 1;
        if (!is64LittleEndian || !Arrays.equals(Arrays.copyOf(content, MAGIC.length), MAGIC)) {
            return content;
        }
        SymbolStripper stripper = new SymbolStripper(content);
        int type = stripper.file.getShort(16);
        boolean hasSymbols = stripper.sections.stream().anyMatch(section -> section.type() == SYMBOL_TABLE);
        return hasSymbols && (type == EXECUTABLE || type == SHARED_OBJECT) ? stripper.strip() : content;
    }

    private byte[] strip() {
        int[] newIndex = new int[sections.size()];
        List<Section> kept = new ArrayList<>();
        for (int i = 0; i < sections.size(); i++) {
            if (!isForDebuggers(i)) {
                newIndex[i] = kept.size();
                kept.add(sections.get(i));
            }
        }
        int loaded = endOfWhatIsLoaded();
        ByteBuffer out = ByteBuffer.allocate(file.capacity() + kept.size() * (SECTION_HEADER_BYTES + 64))
                .order(ByteOrder.LITTLE_ENDIAN);
        out.put(file.slice(0, loaded));
        List<ByteBuffer> headers = new ArrayList<>();
        for (Section section : kept) {
            ByteBuffer header = ByteBuffer.allocate(SECTION_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            header.put(section.header().duplicate().rewind()).rewind();
            header.putInt(40, newIndex[section.link()]);
            if (section.infoIsAnIndex()) {
                header.putInt(44, newIndex[header.getInt(44)]);
            }
            if (section.offset() + section.size() > loaded) {
                align(out, section.alignment());
                header.putLong(24, out.position());
                out.put(file.slice(section.offset(), section.size()));
            }
            headers.add(header);
        }
        align(out, Long.BYTES);
        out.putLong(40, out.position());
        out.putShort(60, (short) kept.size());
        out.putShort(62, (short) newIndex[namesIndex]);
        headers.forEach(out::put);
        return Arrays.copyOf(out.array(), out.position());
    }

    /** Symbols with their names, and debugging information. What is in memory, and the names of sections, stay. */
    private boolean isForDebuggers(int index) {
        Section section = sections.get(index);
        if (section.isInMemory() || index == namesIndex) {
            return false;
        }
        boolean namesOfSymbols = section.type() == STRING_TABLE
                && sections.stream().anyMatch(other -> other.type() == SYMBOL_TABLE && other.link() == index);
        return section.type() == SYMBOL_TABLE || namesOfSymbols || name(section).startsWith(".debug");
    }

    private String name(Section section) {
        int start = sections.get(namesIndex).offset() + section.name();
        int end = start;
        while (file.get(end) != 0) {
            end++;
        }
        return new String(file.array(), start, end - start, StandardCharsets.US_ASCII);
    }

    /** Where in the file the last byte lies that the program headers, or a section in memory, have to do with. */
    private int endOfWhatIsLoaded() {
        int table = Math.toIntExact(file.getLong(32));
        int count = file.getShort(56) & 0xFFFF;
        int end = Math.max(FILE_HEADER_BYTES, table + count * PROGRAM_HEADER_BYTES);
        for (int i = 0; i < count; i++) {
            int header = table + i * PROGRAM_HEADER_BYTES;
            end = Math.max(end, Math.toIntExact(file.getLong(header + 8) + file.getLong(header + 32)));
        }
        for (Section section : sections) {
            if (section.isInMemory()) {
                end = Math.max(end, section.offset() + section.size());
            }
        }
        return end;
    }

    private static void align(ByteBuffer out, int alignment) {
        while (out.position() % alignment != 0) {
            out.put((byte) 0);
        }
    }
}
