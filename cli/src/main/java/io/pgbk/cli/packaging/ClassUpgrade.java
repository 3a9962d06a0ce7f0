package io.pgbk.cli.packaging;

import java.io.ByteArrayInputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.util.Map;

/**
 * Brings classes that were compiled for Java 5 or older (picocli's) to the form that came with Java 6. Java verifies
 * the old form several times slower, and takes none of it into a cache.
 */
final class ClassUpgrade {
    /** The first version whose methods must carry stack maps is 51; 52, of Java 8, is what other libraries have. */
    private static final int TARGET = ClassFile.JAVA_8_VERSION;
    /** Below this one a class is verified the old way, and cannot be in a cache. */
    private static final int OLDEST = ClassFile.JAVA_6_VERSION;

    private final ClassFile classFiles;

    /** @param classes all classes by the names of their files, to find common ancestors in */
    ClassUpgrade(Map<String, byte[]> classes) {
        ClassHierarchyResolver known = ClassHierarchyResolver.ofResourceParsing(descriptor -> {
                    String name = descriptor.descriptorString();
                    byte[] content = classes.get(name.substring(1, name.length() - 1) + ".class");
                    return content == null ? null : new ByteArrayInputStream(content);
                })
                .orElse(ClassHierarchyResolver.defaultResolver());
        classFiles = ClassFile.of(
                ClassFile.ClassHierarchyResolverOption.of(known), ClassFile.StackMapsOption.GENERATE_STACK_MAPS);
    }

    /** Reads and writes classes, knowing all of them. */
    ClassFile classFiles() {
        return classFiles;
    }

    static boolean isOld(byte[] content) {
        return (Byte.toUnsignedInt(content[6]) << 8 | Byte.toUnsignedInt(content[7])) < OLDEST;
    }

    byte[] upgrade(byte[] content) {
        ClassTransform version = (builder, element) -> {
            if (element instanceof ClassFileVersion) {
                builder.withVersion(TARGET, 0);
            } else {
                builder.with(element);
            }
        };
        // Method bodies that are not touched would be copied without stack maps.
        ClassTransform bodies = ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element));
        return classFiles.transformClass(classFiles.parse(content), version.andThen(bodies));
    }
}
