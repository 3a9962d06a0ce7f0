package io.pgbk.catalog.format.crypto;

/** What a derived key is for, so that a host can be given some of them and not others. */
public enum KeyClass {
    /** Content: packs and WAL. */
    DATA("data"),
    /** Everything that describes: manifests, summaries, events, and the MACs of documents. */
    META("meta"),
    /** Keyed digests by which content can be compared without reading it. */
    COMPARE("compare");

    private final String label;

    KeyClass(String label) {
        this.label = label;
    }

    /** The name that the derivation uses. */
    public String label() {
        return label;
    }
}
