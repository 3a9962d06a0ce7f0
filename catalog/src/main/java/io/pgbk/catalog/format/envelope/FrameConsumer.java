package io.pgbk.catalog.format.envelope;

import java.io.IOException;

/** Takes data frames as they are read. */
@FunctionalInterface
public interface FrameConsumer {
    /**
     * Takes one frame.
     *
     * @param raw the frame's content from index 0 to {@code frame.rawLength()}; valid only during the call
     */
    void accept(FrameLocation frame, byte[] raw) throws IOException;
}
