package io.pgbk.cli.command;

import java.util.ArrayList;
import java.util.List;

/** What people try first with a program that they do not know: {@code --version}, {@code help} and {@code help COMMAND}. */
final class CustomaryWords {
    private CustomaryWords() {}

    /** The arguments in pgbk's own words. */
    static List<String> translate(List<String> arguments) {
        if (arguments.isEmpty()) {
            return arguments;
        }
        List<String> rest = arguments.subList(1, arguments.size());
        List<String> own = new ArrayList<>();
        switch (arguments.getFirst()) {
            case "--version", "-V" -> {
                own.add("version");
                own.addAll(rest);
            }
            case "help" -> {
                own.addAll(rest);
                own.add("--help");
            }
            default -> own.addAll(arguments);
        }
        return List.copyOf(own);
    }
}
