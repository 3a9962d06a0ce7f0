package io.pgbk.catalog.format;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON text (RFC 8259) strictly: no member twice, nothing behind the end, no comments, bounded depth and lengths.
 * Written by hand because every process begins by reading a few hundred bytes of JSON, and the first use of a library's
 * parser brings classes whose initialisation takes a cold JVM 25 to 30 ms.
 *
 * @param <T> what values become
 */
public final class StrictJson<T> {
    private static final int MAX_DEPTH = 16;
    private static final int MAX_TEXT_LENGTH = 1 << 20;
    private static final int MAX_NUMBER_LENGTH = 40;
    private static final int HEX_DIGITS = 4;
    private static final int END = -1;

    /**
     * Makes values of what is read.
     *
     * @param <T> what values become
     */
    public interface Values<T> {
        /** A string. */
        T text(String text);

        /** A number as it is written; whole when it has neither fraction nor exponent. */
        T number(String digits, boolean isWhole);

        /** True or false. */
        T flag(boolean flag);

        /** The value null. */
        T nothing();

        /** An object; its members in their order. */
        T object(Map<String, T> members);

        /** An array. */
        T array(List<T> elements);
    }

    private final String text;
    private final Values<T> values;
    private int at;
    private int depth;

    private StrictJson(String text, Values<T> values) {
        this.text = text;
        this.values = values;
    }

    /**
     * The value of a text; null when there is nothing in it.
     *
     * @throws JsonSyntaxException when it is no JSON or breaks a bound
     */
    public static <T> @Nullable T parse(String text, Values<T> values) {
        StrictJson<T> reader = new StrictJson<>(text, values);
        if (reader.next() == END) {
            return null;
        }
        T value = reader.value();
        if (reader.next() != END) {
            throw reader.wrong("something follows the end of the document");
        }
        return value;
    }

    /** The next character that is no blank, without taking it. */
    private int next() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                return c;
            }
            at++;
        }
        return END;
    }

    private T value() {
        int first = next();
        if (first == '{') {
            return object();
        }
        if (first == '[') {
            return array();
        }
        if (first == '"') {
            return values.text(string());
        }
        if (first == '-' || isDigit(first)) {
            return number();
        }
        if (text.startsWith("true", at)) {
            at += "true".length();
            return values.flag(true);
        }
        if (text.startsWith("false", at)) {
            at += "false".length();
            return values.flag(false);
        }
        if (text.startsWith("null", at)) {
            at += "null".length();
            return values.nothing();
        }
        throw wrong("a value is missing");
    }

    private T object() {
        enter();
        Map<String, T> members = new LinkedHashMap<>();
        if (next() != '}') {
            do {
                if (next() != '"') {
                    throw wrong("the name of a member is missing");
                }
                String name = string();
                take(':');
                if (members.containsKey(name)) {
                    throw wrong("a member occurs twice");
                }
                members.put(name, value());
            } while (isMore());
        }
        take('}');
        depth--;
        return values.object(members);
    }

    private T array() {
        enter();
        List<T> elements = new ArrayList<>();
        if (next() != ']') {
            do {
                elements.add(value());
            } while (isMore());
        }
        take(']');
        depth--;
        return values.array(elements);
    }

    private void enter() {
        at++;
        depth++;
        if (depth > MAX_DEPTH) {
            throw wrong("it is nested more than " + MAX_DEPTH + " deep");
        }
    }

    private boolean isMore() {
        if (next() != ',') {
            return false;
        }
        at++;
        return true;
    }

    private void take(char expected) {
        if (next() != expected) {
            throw wrong("'" + expected + "' is missing");
        }
        at++;
    }

    private String string() {
        at++;
        StringBuilder result = new StringBuilder();
        int copied = at;
        while (true) {
            if (at >= text.length()) {
                throw wrong("a text does not end");
            }
            char c = text.charAt(at);
            if (c < ' ') {
                throw wrong("a control character is in a text");
            }
            if (result.length() + at - copied > MAX_TEXT_LENGTH) {
                throw wrong("a text is longer than " + MAX_TEXT_LENGTH + " characters");
            }
            if (c == '"') {
                result.append(text, copied, at);
                at++;
                return result.toString();
            }
            at++;
            if (c == '\\') {
                result.append(text, copied, at - 1).append(escaped());
                copied = at;
            }
        }
    }

    private char escaped() {
        if (at >= text.length()) {
            throw wrong("a text does not end");
        }
        char c = text.charAt(at++);
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> hexadecimal();
            default -> throw wrong("no such escape");
        };
    }

    private char hexadecimal() {
        int code = 0;
        for (int i = 0; i < HEX_DIGITS; i++) {
            int digit = at < text.length() && text.charAt(at) < 128 ? Character.digit(text.charAt(at), 16) : -1;
            if (digit < 0) {
                throw wrong("four hexadecimal digits are missing");
            }
            code = code << 4 | digit;
            at++;
        }
        return (char) code;
    }

    private T number() {
        int start = at;
        if (text.charAt(at) == '-') {
            at++;
        }
        boolean startsWithZero = at < text.length() && text.charAt(at) == '0';
        int whole = digits();
        if (startsWithZero && whole > 1) {
            throw wrong("a number begins with 0");
        }
        boolean isWhole = true;
        if (at < text.length() && text.charAt(at) == '.') {
            isWhole = false;
            at++;
            digits();
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            isWhole = false;
            at++;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
                at++;
            }
            digits();
        }
        if (at - start > MAX_NUMBER_LENGTH) {
            throw wrong("a number is longer than " + MAX_NUMBER_LENGTH + " characters");
        }
        return values.number(text.substring(start, at), isWhole);
    }

    /** Takes digits, at least one, and returns how many. */
    private int digits() {
        int start = at;
        while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
        }
        if (at == start) {
            throw wrong("a digit is missing");
        }
        return at - start;
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private JsonSyntaxException wrong(String why) {
        return new JsonSyntaxException(why + ", at character " + (at + 1));
    }
}
