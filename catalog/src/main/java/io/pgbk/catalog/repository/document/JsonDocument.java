package io.pgbk.catalog.repository.document;

import io.pgbk.catalog.format.JsonSyntaxException;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A JSON object that was read from the repository. Members that are not asked for are ignored, so that later versions
 * may add some; a member that is missing, of another type or out of its range is an OBJECT_DAMAGED failure that names
 * the object and the member.
 */
public final class JsonDocument {
    private final String key;
    private final Map<String, JsonValue> members;

    private JsonDocument(String key, JsonValue.Members object) {
        this.key = key;
        this.members = object.members();
    }

    /** A new, empty JSON object to be filled and written. */
    public static ObjectNode newObject() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** The text of an object as it is stored. */
    public static String write(ObjectNode object) {
        return JsonTree.write(object);
    }

    /**
     * Reads a text.
     *
     * @param key the object that it came from, for messages
     * @throws PgbkException OBJECT_DAMAGED when it is no JSON object
     */
    public static JsonDocument parse(String key, String text) {
        @Nullable JsonValue read;
        try {
            read = JsonValue.parse(text);
        } catch (JsonSyntaxException e) {
            throw new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + " is no valid JSON", null, e);
        }
        if (!(read instanceof JsonValue.Members object)) {
            throw new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + " is no JSON object");
        }
        return new JsonDocument(key, object);
    }

    /** The object that this came from. */
    public String key() {
        return key;
    }

    public boolean has(String name) {
        JsonValue value = members.get(name);
        return value != null && !(value instanceof JsonValue.Nothing);
    }

    public String text(String name) {
        if (!(members.get(name) instanceof JsonValue.Text value)) {
            throw damaged(name, "is no text");
        }
        return value.text();
    }

    public Optional<String> optionalText(String name) {
        return has(name) ? Optional.of(text(name)) : Optional.empty();
    }

    public boolean flag(String name) {
        if (!(members.get(name) instanceof JsonValue.Flag value)) {
            throw damaged(name, "is neither true nor false");
        }
        return value.flag();
    }

    /** A whole number in a range, both ends included. */
    public long number(String name, long min, long max) {
        if (!(members.get(name) instanceof JsonValue.Whole value)) {
            throw damaged(name, "is no whole number");
        }
        long number = value.number();
        if (number < min || number > max) {
            throw damaged(name, "is " + number + ", not in " + min + ".." + max);
        }
        return number;
    }

    /** A whole number in a range, both ends included. */
    public int integer(String name, int min, int max) {
        return (int) number(name, min, max);
    }

    /** A finite number that is not negative. */
    public double decimal(String name) {
        JsonValue value = members.get(name);
        double number = value instanceof JsonValue.Whole whole
                ? whole.number()
                : value instanceof JsonValue.Decimal decimal ? decimal.number() : -1;
        if (!Double.isFinite(number) || number < 0) {
            throw damaged(name, "is no number of at least 0");
        }
        return number;
    }

    /** An unsigned 64-bit number, stored as decimal text because JSON readers round large numbers. */
    public long unsigned(String name) {
        try {
            return Long.parseUnsignedLong(text(name));
        } catch (NumberFormatException e) {
            throw damaged(name, "is no unsigned number");
        }
    }

    public Instant time(String name) {
        try {
            return Instant.parse(text(name));
        } catch (DateTimeException e) {
            throw damaged(name, "is no ISO 8601 time");
        }
    }

    public Lsn lsn(String name) {
        return Lsn.tryParse(text(name)).orElseThrow(() -> damaged(name, "is no LSN"));
    }

    public Label label(String name) {
        return Label.parse(text(name)).orElseThrow(() -> damaged(name, "is no backup label"));
    }

    /** An object whose members are all texts; empty when the member is missing. */
    public Map<String, String> texts(String name, int maxEntries) {
        if (!has(name)) {
            return Map.of();
        }
        JsonDocument inner = object(name);
        if (inner.members.size() > maxEntries) {
            throw damaged(name, "has more than " + maxEntries + " members");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        inner.members.keySet().forEach(member -> texts.put(member, inner.text(member)));
        return texts;
    }

    public JsonDocument object(String name) {
        if (!(members.get(name) instanceof JsonValue.Members inner)) {
            throw damaged(name, "is no object");
        }
        return new JsonDocument(key, inner);
    }

    public Optional<JsonDocument> optionalObject(String name) {
        return has(name) ? Optional.of(object(name)) : Optional.empty();
    }

    /** An array of objects. */
    public List<JsonDocument> objects(String name, int maxEntries) {
        List<JsonDocument> objects = new ArrayList<>();
        for (JsonValue element : array(name, maxEntries)) {
            if (!(element instanceof JsonValue.Members inner)) {
                throw damaged(name, "has an element that is no object");
            }
            objects.add(new JsonDocument(key, inner));
        }
        return objects;
    }

    /** An array of texts. */
    public List<String> textList(String name, int maxEntries) {
        List<String> texts = new ArrayList<>();
        for (JsonValue element : array(name, maxEntries)) {
            if (!(element instanceof JsonValue.Text text)) {
                throw damaged(name, "has an element that is no text");
            }
            texts.add(text.text());
        }
        return texts;
    }

    /** An array of whole numbers that are not negative. */
    public long[] numbers(String name, int maxEntries) {
        List<JsonValue> array = array(name, maxEntries);
        long[] numbers = new long[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(array.get(i) instanceof JsonValue.Whole whole) || whole.number() < 0) {
                throw damaged(name, "has an element that is no whole number of at least 0");
            }
            numbers[i] = whole.number();
        }
        return numbers;
    }

    private List<JsonValue> array(String name, int maxEntries) {
        if (!(members.get(name) instanceof JsonValue.Elements array)) {
            throw damaged(name, "is no array");
        }
        if (array.elements().size() > maxEntries) {
            throw damaged(name, "has more than " + maxEntries + " elements");
        }
        return array.elements();
    }

    /** A failure that says that this member is not what it should be. */
    public PgbkException damaged(String name, String why) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + " is not valid: \"" + name + "\" " + why);
    }
}
