package io.pgbk.cli.packaging;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes out, in the program's own classes, what Java otherwise makes at first use in every process and keeps in no cache:
 * the choice of a switch over types, and {@code equals} and {@code hashCode} of records. Each of them costs a cold process
 * a generated class or a handful of them. The call of the bootstrap method becomes the call of a private method of the
 * same class with the same meaning.
 */
final class StartupLinkage {
    private static final String SWITCHES = "java.lang.runtime.SwitchBootstraps";
    private static final String RECORDS = "java.lang.runtime.ObjectMethods";
    /** The class of the record and the names of its components stand before the components. */
    private static final int FIRST_COMPONENT = 2;

    private static final int HELPER =
            AccessFlag.PRIVATE.mask() | AccessFlag.STATIC.mask() | AccessFlag.SYNTHETIC.mask();

    private final ClassFile classFiles;

    /** @param classFiles with all classes, to find common ancestors in */
    StartupLinkage(ClassFile classFiles) {
        this.classFiles = classFiles;
    }

    /** A method that takes the place of a bootstrap method's result. */
    private record Helper(String name, InvokeDynamicInstruction call) {}

    /** The class with its calls written out; the same array when there is nothing to do. */
    byte[] writeOut(byte[] content) {
        ClassModel model = classFiles.parse(content);
        if (model.methods().stream().noneMatch(StartupLinkage::isAffected)) {
            return content;
        }
        ClassDesc owner = model.thisClass().asSymbol();
        boolean isInterface = model.flags().has(AccessFlag.INTERFACE);
        List<Helper> helpers = new ArrayList<>();
        CodeTransform calls = (code, element) -> {
            if (element instanceof InvokeDynamicInstruction call && canWriteOut(call)) {
                Helper helper = new Helper("startup$" + call.name().stringValue() + "$" + helpers.size(), call);
                helpers.add(helper);
                code.invokestatic(owner, helper.name(), call.typeSymbol(), isInterface);
            } else {
                code.with(element);
            }
        };
        ClassTransform bodies = ClassTransform.transformingMethodBodies(StartupLinkage::isAffected, calls);
        ClassTransform all = bodies.andThen(ClassTransform.endHandler(type -> {
            for (Helper helper : helpers) {
                type.withMethodBody(
                        helper.name(),
                        helper.call().typeSymbol(),
                        HELPER,
                        code -> WrittenOut.write(
                                code,
                                helper.call().name().stringValue(),
                                helper.call().typeSymbol(),
                                labels(helper.call()),
                                components(helper.call())));
            }
        }));
        return classFiles.transformClass(model, all);
    }

    private static boolean isAffected(MethodModel method) {
        return method.code().filter(StartupLinkage::isAffected).isPresent();
    }

    private static boolean isAffected(CodeModel code) {
        return code.elementStream()
                .anyMatch(element -> element instanceof InvokeDynamicInstruction call && canWriteOut(call));
    }

    private static boolean canWriteOut(InvokeDynamicInstruction call) {
        return switch (bootstrap(call)) {
            // Constants among the labels, and values that are no references, are left to Java.
            case SWITCHES + ".typeSwitch" ->
                !call.typeSymbol().parameterType(0).isPrimitive()
                        && call.bootstrapArgs().stream().allMatch(StartupLinkage::isReferenceType);
            case RECORDS + ".bootstrap" ->
                call.name().equalsString("equals") || call.name().equalsString("hashCode");
            default -> false;
        };
    }

    private static String bootstrap(InvokeDynamicInstruction call) {
        DirectMethodHandleDesc method = call.bootstrapMethod();
        ClassDesc owner = method.owner();
        return owner.packageName() + "." + owner.displayName() + "." + method.methodName();
    }

    private static boolean isReferenceType(ConstantDesc label) {
        return label instanceof ClassDesc type && !type.isPrimitive();
    }

    private static List<ClassDesc> labels(InvokeDynamicInstruction call) {
        return bootstrap(call).startsWith(SWITCHES)
                ? call.bootstrapArgs().stream().map(ClassDesc.class::cast).toList()
                : List.of();
    }

    private static List<DirectMethodHandleDesc> components(InvokeDynamicInstruction call) {
        return bootstrap(call).startsWith(RECORDS)
                ? call.bootstrapArgs().stream()
                        .skip(FIRST_COMPONENT)
                        .map(DirectMethodHandleDesc.class::cast)
                        .toList()
                : List.of();
    }
}
