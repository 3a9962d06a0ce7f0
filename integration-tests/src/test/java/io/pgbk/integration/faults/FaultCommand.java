package io.pgbk.integration.faults;

/** A column of the matrix: what is run while the store fails. */
enum FaultCommand {
    PUSH("push"),
    GET("get"),
    GET_ABSENT("get of what is not there"),
    RESTORE("restore"),
    VERIFY("verify"),
    /** The last: what it archives leaves a hole behind what the copy of the repository holds. */
    BACKUP("backup");

    private final String title;

    FaultCommand(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }
}
