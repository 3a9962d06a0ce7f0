package io.pgbk.cli.output;

import java.util.ArrayList;
import java.util.List;

/** Rows of texts in aligned columns; a heading that ends in {@code >} aligns its column to the right. */
public final class TextTable {
    private final List<String> headings;
    private final List<List<String>> rows = new ArrayList<>();

    public TextTable(String... headings) {
        this.headings = List.of(headings);
    }

    /** Adds a row; missing cells at its end are empty. */
    public TextTable row(String... cells) {
        if (cells.length > headings.size()) {
            throw new IllegalArgumentException(cells.length + " cells for " + headings.size() + " columns");
        }
        rows.add(List.of(cells));
        return this;
    }

    /** The lines, each after the indentation; nothing when there are no rows. */
    public List<String> lines(String indentation) {
        if (rows.isEmpty()) {
            return List.of();
        }
        List<String> titles = headings.stream().map(TextTable::title).toList();
        int[] widths = new int[headings.size()];
        for (int column = 0; column < widths.length; column++) {
            widths[column] = width(titles.get(column));
            for (List<String> row : rows) {
                widths[column] = Math.max(widths[column], width(cell(row, column)));
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(line(indentation, titles, widths));
        rows.forEach(row -> lines.add(line(indentation, row, widths)));
        return lines;
    }

    private String line(String indentation, List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder(indentation);
        for (int column = 0; column < widths.length; column++) {
            String text = cell(row, column);
            String padding = " ".repeat(widths[column] - width(text));
            boolean right = headings.get(column).endsWith(">");
            line.append(column == 0 ? "" : "  ").append(right ? padding + text : text + padding);
        }
        return line.toString().stripTrailing();
    }

    private static String title(String heading) {
        return heading.endsWith(">") ? heading.substring(0, heading.length() - 1) : heading;
    }

    private static String cell(List<String> row, int column) {
        return column < row.size() ? row.get(column) : "";
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }
}
