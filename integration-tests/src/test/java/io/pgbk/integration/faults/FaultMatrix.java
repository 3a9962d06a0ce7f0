package io.pgbk.integration.faults;

import io.pgbk.error.ErrorCode;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What every command did under every fault. Safe for use by many threads. */
final class FaultMatrix {
    private final Map<String, Map<FaultCommand, String>> cells = new ConcurrentHashMap<>();

    /** A cell: outcome, exit code of the program, seconds. */
    void put(String row, FaultCommand command, Pgbk.Ended ended) {
        String text = "%s, %d, %.1f s"
                .formatted(
                        outcome(command, ended.exit()),
                        ended.exit(),
                        ended.time().toMillis() / 1000.0);
        cells.computeIfAbsent(row, name -> java.util.Collections.synchronizedMap(new EnumMap<>(FaultCommand.class)))
                .put(command, text);
        System.out.println(row + ", " + command.title() + ": " + text);
    }

    private static String outcome(FaultCommand command, int exit) {
        if (exit == 0) {
            return "done";
        }
        boolean get = command == FaultCommand.GET || command == FaultCommand.GET_ABSENT;
        if (exit == 1 && get) {
            return "absent";
        }
        return Arrays.stream(ErrorCode.values())
                .filter(code -> code.exit() == exit)
                .findFirst()
                .map(code -> code.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .orElse("?");
    }

    /** The table in Markdown, the rows in this order and then those that are left. */
    String table(List<String> order) {
        Map<String, Map<FaultCommand, String>> rows = new LinkedHashMap<>();
        order.stream().filter(cells::containsKey).forEach(name -> rows.put(name, cells.getOrDefault(name, Map.of())));
        cells.forEach(rows::putIfAbsent);
        StringBuilder text = new StringBuilder("| fault |");
        for (FaultCommand command : FaultCommand.values()) {
            text.append(' ').append(command.title()).append(" |");
        }
        text.append("\n| --- |")
                .append(" --- |".repeat(FaultCommand.values().length))
                .append('\n');
        rows.forEach((name, row) -> {
            text.append("| ").append(name).append(" |");
            for (FaultCommand command : FaultCommand.values()) {
                text.append(' ').append(row.getOrDefault(command, "")).append(" |");
            }
            text.append('\n');
        });
        return text.toString();
    }
}
