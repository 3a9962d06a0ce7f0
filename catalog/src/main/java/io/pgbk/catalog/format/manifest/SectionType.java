package io.pgbk.catalog.format.manifest;

/** The sections of a manifest. Codes never change; unknown ones are passed over. */
enum SectionType {
    /** What is known about the cluster as a whole: one record. */
    FACTS(1),
    /** One record for each pack, in the order of the ordinals. */
    PACKS(2),
    /** One record for each entry, ascending by path. */
    FILES(3),
    /** One record for each page whose checksum was wrong. */
    PAGE_FAILURES(4),
    /** One record for each relation of the catalogue snapshot. */
    RELATIONS(5);

    private final int code;

    SectionType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
