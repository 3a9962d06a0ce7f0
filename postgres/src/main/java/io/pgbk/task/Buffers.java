package io.pgbk.task;

/** Where large byte arrays come from and go back to. What is in an array when it is taken means nothing. */
public interface Buffers {
    /** The heap: new arrays, which nobody counts. For what is small, or of a number that is fixed. */
    Buffers HEAP = new Buffers() {
        @Override
        public byte[] take(int leastBytes) {
            return new byte[leastBytes];
        }

        @Override
        public void give(byte[] array) {
            // The collector takes it.
        }
    };

    /**
     * An array of at least so many bytes; waits for nothing.
     *
     * @throws io.pgbk.error.PgbkException CONFIGURATION when the memory that was set aside does not suffice
     */
    byte[] take(int leastBytes);

    /** Gives an array back; the caller must not use it any more. */
    void give(byte[] array);
}
