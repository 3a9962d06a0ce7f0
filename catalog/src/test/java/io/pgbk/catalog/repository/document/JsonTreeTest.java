package io.pgbk.catalog.repository.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.JsonSyntaxException;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class JsonTreeTest {
    @Test
    void whatIsWrittenIsReadAgain() {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tree.put("a", "x\n\"\u00e4");
        tree.putArray("b")
                .add(1)
                .add(Long.MIN_VALUE)
                .add(new BigInteger("18446744073709551616"))
                .add(1.5)
                .add(true)
                .add(false)
                .addNull()
                .addObject();
        tree.putObject("c").putArray("d");

        assertThat(JsonTree.write(tree))
                .isEqualTo("{\"a\":\"x\\n\\\"\u00e4\","
                        + "\"b\":[1,-9223372036854775808,18446744073709551616,1.5,true,false,null,{}],"
                        + "\"c\":{\"d\":[]}}");
        assertThat(JsonValue.parse(JsonTree.write(tree)))
                .isEqualTo(object(
                        "a",
                        new JsonValue.Text("x\n\"\u00e4"),
                        "b",
                        new JsonValue.Elements(List.of(
                                new JsonValue.Whole(1),
                                new JsonValue.Whole(Long.MIN_VALUE),
                                new JsonValue.Decimal(0x1p64),
                                new JsonValue.Decimal(1.5),
                                new JsonValue.Flag(true),
                                new JsonValue.Flag(false),
                                new JsonValue.Nothing(),
                                new JsonValue.Members(Map.of()))),
                        "c",
                        object("d", new JsonValue.Elements(List.of()))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "{\"a\":}",
                "{\"a\":1,}",
                "{\"a\":1,\"a\":2}",
                "{} {}",
                "{}]",
                "[1,2",
                "]",
                "{\"a\":NaN}",
                "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
                "{\"a\":10000000000000000000000000000000000000000000000000}",
                "{\"a\":01}",
                "{\"a\":-}",
                "{\"a\":1.}",
                "{\"a\":.5}",
                "{\"a\":1e}",
                "{\"a\":+1}",
                "{\"a\":tru}",
                "{\"a\":truefalse}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12g4\"}",
                "{\"a\":\"\\u12",
                "{\"a\":\"\n\"}",
                "{\"a\":\"\\",
                "{\"a\" 1}",
                "{a:1}",
                "{'a':1}",
                "[1,]",
                "[,1]",
                "[1 2]",
                "{\"a\":1 \"b\":2}",
                "// comment\n{}",
                "\u00a0{}"
            })
    void whatIsNotStrictlyJsonIsRefused(String text) {
        assertThatThrownBy(() -> JsonValue.parse(text)).isInstanceOf(JsonSyntaxException.class);
    }

    @Test
    void numbersEscapesAndBlanksAreReadAsTheStandardSays() {
        String text = " {\t\"a\" :\r\n[ -0 , 0.5e-3,1E2, 2147483648 ,-9223372036854775809]"
                + ",\"\\u00e4\\/\\b\\f\\r\\t\\ud83d\\ude00\":\"\"} ";

        assertThat(JsonValue.parse(text))
                .isEqualTo(object(
                        "a",
                        new JsonValue.Elements(List.of(
                                new JsonValue.Whole(0),
                                new JsonValue.Decimal(0.5e-3),
                                new JsonValue.Decimal(100),
                                new JsonValue.Whole(2147483648L),
                                new JsonValue.Decimal(-0x1p63))),
                        "\u00e4/\b\f\r\t\ud83d\ude00",
                        new JsonValue.Text("")));
    }

    @Test
    void anEmptyTextHasNoTree() {
        assertThat(JsonValue.parse(" ")).isNull();
    }

    private static JsonValue object(Object... namesAndValues) {
        Map<String, JsonValue> members = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            members.put((String) namesAndValues[i], (JsonValue) namesAndValues[i + 1]);
        }
        return new JsonValue.Members(members);
    }
}
