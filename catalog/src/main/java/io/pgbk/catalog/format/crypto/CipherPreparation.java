package io.pgbk.catalog.format.crypto;

/**
 * Has Java find its ciphers beside other work: the first use of any costs a cold process 20 to 40 ms, most of it in the
 * search for things that are not there.
 */
public final class CipherPreparation implements Runnable {
    private CipherPreparation() {}

    /** Begins; nobody needs to wait for it. */
    public static void start() {
        Thread.ofPlatform().daemon().name("pgbk-ciphers").start(new CipherPreparation());
    }

    @Override
    public void run() {
        try {
            CipherProviders.aesGcm(false);
        } catch (RuntimeException | LinkageError e) {
            // Who uses them will say it.
        }
    }
}
