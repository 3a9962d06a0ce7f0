package io.pgbk.catalog.format.envelope;

/** What a frame holds. Numbers count separately within each type. */
enum FrameType {
    DATA(0),
    INDEX(1),
    TRAILER(2);

    private final int code;

    FrameType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
