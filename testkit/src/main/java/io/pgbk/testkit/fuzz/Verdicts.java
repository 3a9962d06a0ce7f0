package io.pgbk.testkit.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Runs a target with an input and judges what it did. Used by one thread. */
final class Verdicts {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    /** Processor time, so that a busy machine changes nothing. */
    private static final long MAX_NANOS = 10_000_000_000L;

    private static final int MAX_MESSAGE_CHARACTERS = 4000;
    private static final int MAX_SHOWN_BYTES = 6000;

    private final FuzzTarget target;
    private final Class<? extends RuntimeException> refusal;
    private boolean suspicious;

    Verdicts(FuzzTarget target, Class<? extends RuntimeException> refusal) {
        this.target = target;
        this.refusal = refusal;
    }

    /** Processor time of this thread. */
    static long nanos() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /**
     * Whether the input was accepted.
     *
     * @throws AssertionError when the reader broke its contract
     */
    boolean accepts(byte[] input) {
        boolean accepted = measured(input, false);
        // The first reading of a kind also pays for classes; what is the input's doing is there again.
        return suspicious ? measured(input, true) : accepted;
    }

    private boolean measured(byte[] input, boolean again) {
        suspicious = false;
        long allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
        long nanosBefore = nanos();
        boolean accepted = false;
        try {
            target.body().read(input.clone());
            accepted = true;
        } catch (Throwable e) {
            if (!refusal.isInstance(e)) {
                throw finding(input, "failed with " + e, e);
            }
            String message = e.getMessage();
            if (message == null || message.isBlank() || message.length() > MAX_MESSAGE_CHARACTERS) {
                throw finding(input, "refused it without a clear message", e);
            }
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore;
        if (allocated > target.maxAllocatedBytes()) {
            if (!again) {
                suspicious = true;
                return accepted;
            }
            throw finding(input, "allocated " + allocated + " bytes", null);
        }
        long nanos = nanos() - nanosBefore;
        if (nanos > MAX_NANOS) {
            throw finding(input, "took " + nanos + " ns", null);
        }
        return accepted;
    }

    private AssertionError finding(byte[] input, String what, @Nullable Throwable cause) {
        return new AssertionError(target.name() + " " + what + " for " + describe(input), cause);
    }

    /** An input so that it can be stored. */
    static String describe(byte[] input) {
        String shown = Base64.getEncoder().encodeToString(input);
        return input.length + " bytes, in Base64: "
                + (shown.length() <= MAX_SHOWN_BYTES ? shown : shown.substring(0, MAX_SHOWN_BYTES) + "...");
    }
}
