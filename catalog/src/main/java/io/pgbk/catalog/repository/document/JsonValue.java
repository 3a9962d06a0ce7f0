package io.pgbk.catalog.repository.document;

import io.pgbk.catalog.format.JsonSyntaxException;
import io.pgbk.catalog.format.StrictJson;
import java.math.BigInteger;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A value that was read from a JSON text. */
sealed interface JsonValue {
    /** A string. */
    record Text(String text) implements JsonValue {}

    /** A whole number that fits 64 bits. */
    record Whole(long number) implements JsonValue {}

    /** Another number. */
    record Decimal(double number) implements JsonValue {}

    /** True or false. */
    record Flag(boolean flag) implements JsonValue {}

    /** The value null. */
    record Nothing() implements JsonValue {}

    /** An object. */
    record Members(Map<String, JsonValue> members) implements JsonValue {
        public Members {
            members = Collections.unmodifiableMap(members);
        }
    }

    /** An array. */
    record Elements(List<JsonValue> elements) implements JsonValue {
        public Elements {
            elements = List.copyOf(elements);
        }
    }

    /**
     * Reads a text; null when there is nothing in it.
     *
     * @throws JsonSyntaxException when it is no JSON or breaks a bound
     */
    static @Nullable JsonValue parse(String text) {
        return StrictJson.parse(text, new Reader());
    }

    /** Makes them. */
    final class Reader implements StrictJson.Values<JsonValue> {
        /** With so many characters a whole number fits 64 bits. */
        private static final int LONG_CHARACTERS = 18;

        private Reader() {}

        @Override
        public JsonValue text(String text) {
            return new Text(text);
        }

        @Override
        public JsonValue number(String digits, boolean isWhole) {
            if (!isWhole) {
                return new Decimal(Double.parseDouble(digits));
            }
            if (digits.length() <= LONG_CHARACTERS) {
                return new Whole(Long.parseLong(digits));
            }
            BigInteger number = new BigInteger(digits);
            return number.bitLength() < Long.SIZE ? new Whole(number.longValue()) : new Decimal(number.doubleValue());
        }

        @Override
        public JsonValue flag(boolean flag) {
            return new Flag(flag);
        }

        @Override
        public JsonValue nothing() {
            return new Nothing();
        }

        @Override
        public JsonValue object(Map<String, JsonValue> members) {
            return new Members(members);
        }

        @Override
        public JsonValue array(List<JsonValue> elements) {
            return new Elements(elements);
        }
    }
}
