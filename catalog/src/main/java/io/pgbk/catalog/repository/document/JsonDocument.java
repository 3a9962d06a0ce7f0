package io.pgbk.catalog.repository.document;

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
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A JSON object that was read from the repository. Members that are not asked for are ignored, so that later versions
 * may add some; a member that is missing, of another type or out of its range is an OBJECT_DAMAGED failure that names
 * the object and the member.
 */
public final class JsonDocument {
    private final String key;
    private final ObjectNode node;

    private JsonDocument(String key, ObjectNode node) {
        this.key = key;
        this.node = node;
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
        JsonNode read;
        try {
            read = JsonTree.parse(text);
        } catch (JacksonException e) {
            throw new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + " is no valid JSON", null, e);
        }
        if (!(read instanceof ObjectNode object)) {
            throw new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + " is no JSON object");
        }
        return new JsonDocument(key, object);
    }

    /** The object that this came from. */
    public String key() {
        return key;
    }

    public boolean has(String name) {
        return node.hasNonNull(name);
    }

    public String text(String name) {
        JsonNode value = node.get(name);
        if (value == null || !value.isString()) {
            throw damaged(name, "is no text");
        }
        return value.stringValue();
    }

    public Optional<String> optionalText(String name) {
        return has(name) ? Optional.of(text(name)) : Optional.empty();
    }

    public boolean flag(String name) {
        JsonNode value = node.get(name);
        if (value == null || !value.isBoolean()) {
            throw damaged(name, "is neither true nor false");
        }
        return value.booleanValue();
    }

    /** A whole number in a range, both ends included. */
    public long number(String name, long min, long max) {
        JsonNode value = node.get(name);
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
            throw damaged(name, "is no whole number");
        }
        long number = value.longValue();
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
        JsonNode value = node.get(name);
        if (value == null || !value.isNumber() || !Double.isFinite(value.doubleValue()) || value.doubleValue() < 0) {
            throw damaged(name, "is no number of at least 0");
        }
        return value.doubleValue();
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
        if (inner.node.size() > maxEntries) {
            throw damaged(name, "has more than " + maxEntries + " members");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        inner.node.propertyNames().forEach(member -> texts.put(member, inner.text(member)));
        return texts;
    }

    public JsonDocument object(String name) {
        if (!(node.get(name) instanceof ObjectNode inner)) {
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
        for (JsonNode element : array(name, maxEntries)) {
            if (!(element instanceof ObjectNode inner)) {
                throw damaged(name, "has an element that is no object");
            }
            objects.add(new JsonDocument(key, inner));
        }
        return objects;
    }

    /** An array of texts. */
    public List<String> textList(String name, int maxEntries) {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : array(name, maxEntries)) {
            if (!element.isString()) {
                throw damaged(name, "has an element that is no text");
            }
            texts.add(element.stringValue());
        }
        return texts;
    }

    /** An array of whole numbers that are not negative. */
    public long[] numbers(String name, int maxEntries) {
        JsonNode array = array(name, maxEntries);
        long[] numbers = new long[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            JsonNode element = array.get(i);
            if (!element.isIntegralNumber() || !element.canConvertToLong() || element.longValue() < 0) {
                throw damaged(name, "has an element that is no whole number of at least 0");
            }
            numbers[i] = element.longValue();
        }
        return numbers;
    }

    private JsonNode array(String name, int maxEntries) {
        JsonNode array = node.get(name);
        if (array == null || !array.isArray()) {
            throw damaged(name, "is no array");
        }
        if (array.size() > maxEntries) {
            throw damaged(name, "has more than " + maxEntries + " elements");
        }
        return array;
    }

    /** A failure that says that this member is not what it should be. */
    public PgbkException damaged(String name, String why) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + " is not valid: \"" + name + "\" " + why);
    }
}
