package io.pgbk.testkit.fuzz;

import java.util.List;
import java.util.function.Supplier;

/**
 * One reader of foreign bytes.
 *
 * @param name of the target, also of the folder with its stored inputs
 * @param samples sound inputs to start from; made when they are needed
 * @param maxInputBytes longer inputs are not tried
 * @param maxAllocatedBytes what the reader may allocate for one input, in all
 * @param body reads an input
 */
public record FuzzTarget(
        String name, Supplier<List<byte[]>> samples, int maxInputBytes, long maxAllocatedBytes, Body body) {
    private static final int DEFAULT_INPUT_BYTES = 16 << 10;
    private static final long DEFAULT_ALLOCATED_BYTES = 8L << 20;

    /** Reads an input: returns, or refuses it by the exception that the targets name. Everything else is a finding. */
    @FunctionalInterface
    public interface Body {
        void read(byte[] input) throws Exception;
    }

    /** A target whose inputs have 16 KiB at most, for each of which 8 MiB may be allocated. */
    public static FuzzTarget of(String name, Supplier<List<byte[]>> samples, Body body) {
        return new FuzzTarget(name, samples, DEFAULT_INPUT_BYTES, DEFAULT_ALLOCATED_BYTES, body);
    }

    /** The same with another bound for the length of inputs. */
    public FuzzTarget withMaxInputBytes(int bytes) {
        return new FuzzTarget(name, samples, bytes, maxAllocatedBytes, body);
    }

    /** The same with another bound for what is allocated. */
    public FuzzTarget withMaxAllocatedBytes(long bytes) {
        return new FuzzTarget(name, samples, maxInputBytes, bytes, body);
    }

    @Override
    public String toString() {
        return name;
    }
}
