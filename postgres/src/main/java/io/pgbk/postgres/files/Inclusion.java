package io.pgbk.postgres.files;

import io.pgbk.postgres.files.ConfigurationFile.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A directive of a configuration file that includes others.
 *
 * <p>Sources: PostgreSQL's guc-file.l (include directives of postgresql.conf, with quoted values) and libpq/hba.c (the
 * same names since 16, and {@code @file} in the columns of databases and users).
 *
 * @param form what is included
 * @param target the path, each byte shown as one character, relative to the file with the directive
 */
record Inclusion(Form form, String target) {
    /** What is included. */
    enum Form {
        FILE,
        FILE_IF_EXISTS,
        DIRECTORY
    }

    private static final Pattern DIRECTIVE = Pattern.compile(
            "\\s*(include|include_if_exists|include_dir)\\b\\s*=?\\s*(.*)", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final int MAX_PATH = 4096;

    /** The inclusions in a file, in their order. */
    static List<Inclusion> find(Kind kind, String text) {
        List<Inclusion> found = new ArrayList<>();
        text.lines().forEach(line -> {
            Matcher matcher = DIRECTIVE.matcher(line);
            if (matcher.matches()) {
                String target = kind == Kind.CONFIGURATION ? value(matcher.group(2)) : token(matcher.group(2));
                if (isPath(target)) {
                    found.add(new Inclusion(form(matcher.group(1)), target));
                }
            } else if (kind == Kind.HOST_BASED_AUTHENTICATION) {
                atFiles(line, found);
            }
        });
        return found;
    }

    private static boolean isPath(String target) {
        return !target.isEmpty() && target.length() < MAX_PATH && target.indexOf(0) < 0;
    }

    private static Form form(String directive) {
        return switch (directive.toLowerCase(Locale.ROOT)) {
            case "include" -> Form.FILE;
            case "include_if_exists" -> Form.FILE_IF_EXISTS;
            default -> Form.DIRECTORY;
        };
    }

    /** A value of postgresql.conf: quoted with doubled quotes and backslash escapes, or bare up to a comment. */
    private static String value(String rest) {
        if (!rest.startsWith("'")) {
            int end = 0;
            while (end < rest.length() && !Character.isWhitespace(rest.charAt(end)) && rest.charAt(end) != '#') {
                end++;
            }
            return rest.substring(0, end);
        }
        StringBuilder value = new StringBuilder();
        for (int i = 1; i < rest.length(); i++) {
            char c = rest.charAt(i);
            if (c == '\\' && i + 1 < rest.length()) {
                value.append(rest.charAt(++i));
            } else if (c == '\'' && i + 1 < rest.length() && rest.charAt(i + 1) == '\'') {
                value.append('\'');
                i++;
            } else if (c == '\'') {
                return value.toString();
            } else {
                value.append(c);
            }
        }
        return "";
    }

    /** The first token of a line of pg_hba.conf: ends at a blank, a comma or a comment, unless quoted. */
    private static String token(String rest) {
        StringBuilder token = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < rest.length(); i++) {
            char c = rest.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && (Character.isWhitespace(c) || c == ',' || c == '#')) {
                break;
            } else {
                token.append(c);
            }
        }
        return token.toString();
    }

    /** {@code @file} tokens, which may stand in lists. A quoted {@code "@x"} is a name and no file. */
    private static void atFiles(String line, List<Inclusion> found) {
        int i = 0;
        while (i < line.length() && line.charAt(i) != '#') {
            char c = line.charAt(i);
            if (Character.isWhitespace(c) || c == ',') {
                i++;
                continue;
            }
            int start = i;
            i = endOfToken(line, i);
            if (c == '@') {
                String target = token(line.substring(start + 1, i));
                if (isPath(target)) {
                    found.add(new Inclusion(Form.FILE, target));
                }
            }
        }
    }

    private static int endOfToken(String line, int from) {
        boolean quoted = false;
        int i = from;
        while (i < line.length()) {
            char c = line.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && (Character.isWhitespace(c) || c == ',' || c == '#')) {
                return i;
            }
            i++;
        }
        return i;
    }
}
