package io.pgbk.cli.output;

import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * Writes the answers of pgbk as JSON: records by their component names, lists, maps, times in ISO 8601 UTC. Only what
 * the answers are made of is known; anything else is a defect. Data binding is left out on purpose: it would cost each
 * command a tenth of a second at its start.
 */
public final class JsonText {
    private static final JsonFactory FACTORY = new JsonFactory();

    private JsonText() {}

    /** Several lines, indented, without a line end at the end. */
    public static String pretty(Object value) {
        return write(value, true);
    }

    /** One line without its end. */
    public static String line(Object value) {
        return write(value, false);
    }

    private static String write(Object value, boolean pretty) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(new Context(pretty), text)) {
            value(generator, value);
        }
        return text.toString();
    }

    private static void value(JsonGenerator generator, @Nullable Object value) {
        switch (value) {
            case null -> generator.writeNull();
            case String text -> generator.writeString(text);
            case Integer number -> generator.writeNumber(number);
            case Long number -> generator.writeNumber(number);
            case Double number -> {
                BigDecimal decimal = BigDecimal.valueOf(number)
                        .setScale(3, RoundingMode.HALF_UP)
                        .stripTrailingZeros();
                // 100, not 1E+2.
                generator.writeNumber(decimal.scale() < 0 ? decimal.setScale(0) : decimal);
            }
            case Boolean flag -> generator.writeBoolean(flag);
            case Instant time ->
                generator.writeString(time.truncatedTo(ChronoUnit.MICROS).toString());
            case Optional<?> optional -> value(generator, optional.orElse(null));
            case Iterable<?> list -> {
                generator.writeStartArray();
                for (Object element : list) {
                    value(generator, element);
                }
                generator.writeEndArray();
            }
            case Map<?, ?> map -> {
                generator.writeStartObject();
                map.forEach((name, element) -> {
                    generator.writeName(String.valueOf(name));
                    value(generator, element);
                });
                generator.writeEndObject();
            }
            case Record bean -> record(generator, bean);
            default -> throw new IllegalArgumentException("no JSON form for " + value.getClass());
        }
    }

    private static void record(JsonGenerator generator, Record bean) {
        generator.writeStartObject();
        for (var component : bean.getClass().getRecordComponents()) {
            generator.writeName(component.getName());
            try {
                var accessor = component.getAccessor();
                accessor.setAccessible(true);
                value(generator, accessor.invoke(bean));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read " + component, e);
            }
        }
        generator.writeEndObject();
    }

    private static final class Context extends ObjectWriteContext.Base {
        private final boolean pretty;

        private Context(boolean pretty) {
            this.pretty = pretty;
        }

        @Override
        public boolean hasPrettyPrinter() {
            return pretty;
        }

        @Override
        public tools.jackson.core.@Nullable PrettyPrinter getPrettyPrinter() {
            return pretty ? new DefaultPrettyPrinter() : null;
        }
    }
}
