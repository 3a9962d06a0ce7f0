package io.pgbk.cli.packaging;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.constant.ClassDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.List;

/** The bodies of the methods that {@link StartupLinkage} adds; their meaning is that of the bootstrap methods' results. */
final class WrittenOut {
    private static final ClassDesc OBJECTS = ClassDesc.of("java.util.Objects");
    private static final int FACTOR = 31;

    private WrittenOut() {}

    /**
     * Writes a body.
     *
     * @param name of the call: typeSwitch, equals or hashCode
     * @param type of the call
     * @param labels of the switch, in order
     * @param components of the record: its fields, in order
     */
    static void write(
            CodeBuilder code,
            String name,
            MethodTypeDesc type,
            List<ClassDesc> labels,
            List<DirectMethodHandleDesc> components) {
        switch (name) {
            case "typeSwitch" -> typeSwitch(code, labels);
            case "equals" -> equals(code, type.parameterType(0), components);
            case "hashCode" -> hashCode(code, type.parameterType(0), components);
            default -> throw new IllegalArgumentException(name);
        }
    }

    /** The first label, not before the index of the second argument, whose type the value has; -1 for null. */
    private static void typeSwitch(CodeBuilder code, List<ClassDesc> labels) {
        code.aload(0).ifThen(Opcode.IFNULL, none -> none.iconst_m1().ireturn());
        for (int i = 0; i < labels.size(); i++) {
            Label next = code.newLabel();
            code.iload(1).loadConstant(i).if_icmpgt(next);
            code.aload(0).instanceOf(labels.get(i)).ifeq(next);
            code.loadConstant(i).ireturn();
            code.labelBinding(next);
        }
        code.loadConstant(labels.size()).ireturn();
    }

    private static void equals(CodeBuilder code, ClassDesc record, List<DirectMethodHandleDesc> components) {
        Label compare = code.newLabel();
        Label different = code.newLabel();
        code.aload(0).aload(1).if_acmpne(compare).iconst_1().ireturn();
        code.labelBinding(compare);
        code.aload(1).instanceOf(record).ifeq(different);
        for (DirectMethodHandleDesc component : components) {
            ClassDesc type = component.invocationType().returnType();
            code.aload(0).getfield(record, component.methodName(), type);
            code.aload(1).checkcast(record).getfield(record, component.methodName(), type);
            switch (type.descriptorString()) {
                case "Z", "B", "C", "S", "I" -> code.if_icmpne(different);
                case "J" -> code.lcmp().ifne(different);
                case "F" -> compare(code, "Float", type).ifne(different);
                case "D" -> compare(code, "Double", type).ifne(different);
                default ->
                    code.invokestatic(OBJECTS, "equals", MethodTypeDesc.of(CD_boolean, CD_Object, CD_Object))
                            .ifeq(different);
            }
        }
        code.iconst_1().ireturn();
        code.labelBinding(different);
        code.iconst_0().ireturn();
    }

    private static CodeBuilder compare(CodeBuilder code, String box, ClassDesc type) {
        return code.invokestatic(ClassDesc.of("java.lang." + box), "compare", MethodTypeDesc.of(CD_int, type, type));
    }

    private static void hashCode(CodeBuilder code, ClassDesc record, List<DirectMethodHandleDesc> components) {
        code.iconst_0();
        for (DirectMethodHandleDesc component : components) {
            ClassDesc type = component.invocationType().returnType();
            code.loadConstant(FACTOR).imul();
            code.aload(0).getfield(record, component.methodName(), type);
            ClassDesc hasher = type.isPrimitive() ? ClassDesc.of("java.lang." + box(type)) : OBJECTS;
            code.invokestatic(hasher, "hashCode", MethodTypeDesc.of(CD_int, type.isPrimitive() ? type : CD_Object));
            code.iadd();
        }
        code.ireturn();
    }

    private static String box(ClassDesc primitive) {
        return switch (primitive.descriptorString()) {
            case "Z" -> "Boolean";
            case "B" -> "Byte";
            case "C" -> "Character";
            case "S" -> "Short";
            case "I" -> "Integer";
            case "J" -> "Long";
            case "F" -> "Float";
            case "D" -> "Double";
            default -> throw new IllegalArgumentException(primitive.descriptorString());
        };
    }
}
