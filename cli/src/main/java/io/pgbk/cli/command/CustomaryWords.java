package io.pgbk.cli.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What people try first with a program that they do not know: {@code --version}, {@code help} and {@code help COMMAND}. */
final class CustomaryWords {
    private CustomaryWords() {}

    /**
     * The arguments in pgbk's own words.
     *
     * @param commands the names of all commands
     */
    static List<String> translate(List<String> arguments, Set<String> commands) {
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
                List<String> of =
                        rest.isEmpty() || !rest.getFirst().equals("help") ? rest : rest.subList(1, rest.size());
                own.addAll(of);
                // Without the option the refusal of a command that there is not says which one was meant.
                if (of.isEmpty() || of.getFirst().startsWith("-") || commands.contains(of.getFirst())) {
                    own.add("--help");
                }
            }
            default -> own.addAll(arguments);
        }
        return List.copyOf(own);
    }
}
