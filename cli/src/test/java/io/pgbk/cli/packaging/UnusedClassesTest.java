package io.pgbk.cli.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class UnusedClassesTest {
    private final Map<String, byte[]> entries = new TreeMap<>();

    @Test
    void onlyWhatNobodyComesToIsUnused() {
        call("program.Main", "big.library.Entry");
        call("big.library.Entry", "big.library.Entry$Inner");
        call("big.library.Entry$Inner", "big.library.Entry");
        mention("program.Other", "big.library.ByName");
        mention("program.Signature", "(Lbig/library/InSignature;)V");
        call("big.library.Lonely", "big.library.LonelyToo");
        call("big.library.LonelyToo", "big.library.Entry");
        call("big.library.ByName", "java.lang.Object");
        call("big.library.InSignature", "java.lang.Object");
        entries.put("big/library/words.properties", new byte[0]);

        assertThat(UnusedClasses.of(entries, "big/library/"))
                .containsExactlyInAnyOrder("big/library/Lonely.class", "big/library/LonelyToo.class");
    }

    private void call(String from, String to) {
        write(
                from,
                ClassFile.of()
                        .build(
                                ClassDesc.of(from),
                                type -> type.withMethodBody(
                                        "run",
                                        MethodTypeDesc.of(ConstantDescs.CD_void),
                                        ClassFile.ACC_STATIC,
                                        code -> code.invokestatic(
                                                        ClassDesc.of(to),
                                                        "run",
                                                        MethodTypeDesc.of(ConstantDescs.CD_void))
                                                .return_())));
    }

    private void mention(String from, String text) {
        write(
                from,
                ClassFile.of()
                        .build(
                                ClassDesc.of(from),
                                type -> type.withMethodBody(
                                        "run",
                                        MethodTypeDesc.of(ConstantDescs.CD_void),
                                        ClassFile.ACC_STATIC,
                                        code -> code.loadConstant(text).pop().return_())));
    }

    private void write(String name, byte[] content) {
        entries.put(name.replace('.', '/') + ".class", content);
    }
}
