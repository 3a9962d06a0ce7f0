package io.pgbk.cli.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.nio.CharBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StartupLinkageTest {
    /** What is rewritten; everything in it lies in one file of classes each. */
    sealed interface Shape {
        record Circle(double radius, float pen) implements Shape {}

        record Box(int width, long height, @Nullable String name) implements Shape {}

        record Flags(boolean flag, byte small, short larger, char letter) implements Shape {}

        record Empty() implements Shape {}

        static String describe(@Nullable Object value) {
            return switch (value) {
                case null -> "nothing";
                case Circle circle when circle.radius() > 100 -> "huge circle";
                case Circle(double radius, float _) -> "circle " + radius;
                case Box box when box.name() == null -> "box without name";
                case Box box -> "box " + box.name();
                case int[] numbers -> numbers.length + " numbers";
                case Shape _ -> "other shape";
                case String text when text.isEmpty() -> "no text";
                case CharSequence text -> "text of " + text.length();
                default -> "something";
            };
        }
    }

    /** Uses the shapes as the program uses its records. */
    public static final class Use implements Function<Object, Object> {
        @Override
        public Object apply(Object ignored) {
            List<Object> said = new ArrayList<>();
            List<@Nullable Object> values = new ArrayList<>(List.of(
                    new Shape.Circle(1, 0),
                    new Shape.Circle(1, -0f),
                    new Shape.Circle(Double.NaN, Float.NaN),
                    new Shape.Circle(Double.NaN, Float.NaN),
                    new Shape.Circle(101, 1),
                    new Shape.Box(1, 2, "a"),
                    new Shape.Box(1, 2, new String("a")),
                    new Shape.Box(1, 2, null),
                    new Shape.Box(1, 2L << 32, null),
                    new Shape.Box(2, 2, null),
                    new Shape.Flags(true, (byte) 1, (short) 2, 'c'),
                    new Shape.Flags(false, (byte) 1, (short) 2, 'c'),
                    new Shape.Flags(true, (byte) 2, (short) 2, 'c'),
                    new Shape.Flags(true, (byte) 1, (short) 3, 'c'),
                    new Shape.Flags(true, (byte) 1, (short) 2, 'd'),
                    new Shape.Empty(),
                    new Shape.Empty(),
                    new int[3],
                    "",
                    "four",
                    CharBuffer.wrap("x"),
                    4));
            values.add(null);
            for (Object value : values) {
                said.add(Shape.describe(value));
                said.add(value instanceof Shape ? value.hashCode() : 0);
                said.add(value instanceof Shape ? value.toString() : "");
                for (Object other : values) {
                    said.add(value instanceof Shape && value.equals(other));
                }
            }
            return said;
        }
    }

    private final Map<String, byte[]> classes = new TreeMap<>();
    private final Map<String, byte[]> written = new TreeMap<>();

    @BeforeEach
    void writeOut() throws IOException {
        for (Class<?> type : List.of(
                Use.class, Shape.class, Shape.Circle.class, Shape.Box.class, Shape.Flags.class, Shape.Empty.class)) {
            try (InputStream in = Objects.requireNonNull(type.getResourceAsStream(
                    type.getName().substring(type.getPackageName().length() + 1) + ".class"))) {
                classes.put(type.getName(), in.readAllBytes());
            }
        }
        Map<String, byte[]> files = new TreeMap<>();
        classes.forEach((name, content) -> files.put(name.replace('.', '/') + ".class", content));
        StartupLinkage linkage = new StartupLinkage(new ClassUpgrade(files).classFiles());
        classes.forEach((name, content) -> written.put(name, linkage.writeOut(content)));
    }

    @Test
    void whatIsWrittenOutMeansTheSame() throws ReflectiveOperationException {
        Object said = run(written);

        assertThat(said).isEqualTo(new Use().apply(""));
        assertThat(said)
                .asInstanceOf(InstanceOfAssertFactories.LIST)
                .contains("huge circle", "box without name", "3 numbers", "no text", "nothing");
    }

    @Test
    void nothingThatJavaLinksAtFirstUseIsLeft() {
        assertThat(bootstraps(classes)).contains("typeSwitch", "equals", "hashCode");
        assertThat(bootstraps(written)).isNotEmpty().doesNotContain("typeSwitch", "equals", "hashCode");
    }

    @Test
    void aClassWithoutSuchCallsIsLeftAsItIs() {
        assertThat(written.get(Use.class.getName())).isSameAs(classes.get(Use.class.getName()));
    }

    private static List<String> bootstraps(Map<String, byte[]> classes) {
        return classes.values().stream()
                .map(ClassFile.of()::parse)
                .flatMap(type -> type.methods().stream())
                .flatMap(method -> method.code().stream())
                .flatMap(code -> code.elementStream())
                .filter(InvokeDynamicInstruction.class::isInstance)
                .map(call -> ((InvokeDynamicInstruction) call).name().stringValue())
                .distinct()
                .toList();
    }

    private static Object run(Map<String, byte[]> classes) throws ReflectiveOperationException {
        ClassLoader loader = new ClassLoader(StartupLinkageTest.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                byte[] content = classes.get(name);
                if (content == null) {
                    return super.loadClass(name, resolve);
                }
                Class<?> known = findLoadedClass(name);
                return known == null ? defineClass(name, content, 0, content.length) : known;
            }
        };
        @SuppressWarnings("unchecked") // what Use is
        Function<Object, Object> use = (Function<Object, Object>)
                loader.loadClass(Use.class.getName()).getConstructor().newInstance();
        return use.apply("");
    }
}
