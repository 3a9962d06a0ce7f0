package io.pgbk.catalog.repository.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

class JsonTreeTest {
    @Test
    void whatIsWrittenIsReadAgain() {
        String text =
                "{\"a\":\"x\\n\\\"\u00e4\",\"b\":[1,-9223372036854775808,18446744073709551616,1.5,true,false,null,"
                        + "{}],\"c\":{\"d\":[]}}";

        ObjectNode tree = (ObjectNode) Objects.requireNonNull(JsonTree.parse(text));

        assertThat(JsonTree.write(tree)).isEqualTo(text);
        assertThat(tree.get("a").stringValue()).isEqualTo("x\n\"\u00e4");
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
                "{\"a\":10000000000000000000000000000000000000000000000000}"
            })
    void whatIsNotStrictlyJsonIsRefused(String text) {
        assertThatThrownBy(() -> JsonTree.parse(text)).isInstanceOf(JacksonException.class);
    }

    @Test
    void anEmptyTextHasNoTree() {
        assertThat(JsonTree.parse(" ")).isNull();
    }
}
