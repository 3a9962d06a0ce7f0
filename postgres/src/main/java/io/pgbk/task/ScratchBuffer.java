package io.pgbk.task;

/** One array for use again and again, exchanged for a larger one when it is too small. Used by one thread at a time. */
public final class ScratchBuffer implements AutoCloseable {
    private static final byte[] NONE = new byte[0];

    private final Buffers buffers;
    private byte[] array = NONE;

    public ScratchBuffer(Buffers buffers) {
        this.buffers = buffers;
    }

    /** The array as it is, with the bytes that were put into it. */
    public byte[] array() {
        return array;
    }

    /** The array, of at least so many bytes; when it had to be exchanged, what was in it is lost. */
    public byte[] atLeast(int bytes) {
        if (array.length < bytes) {
            close();
            array = buffers.take(bytes);
        }
        return array;
    }

    /** Gives the array back; the next use takes another one. */
    @Override
    public void close() {
        byte[] old = array;
        array = NONE;
        if (old.length > 0) {
            buffers.give(old);
        }
    }
}
