package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a command that ran in this JVM left. */
record Outcome(String command, int exit, String out, String err) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** This outcome, which must be a success. */
    Outcome orFail() {
        assertThat(exit).as(toString()).isZero();
        return this;
    }

    /** This outcome, which must have this exit code and say so in the form of all errors. */
    Outcome failed(int expected) {
        assertThat(exit).as(toString()).isEqualTo(expected);
        assertThat(err).as(toString()).containsPattern("(?m)^(error: |\\{\"error\":)");
        return this;
    }

    /** Standard output as the one JSON object that it must be. */
    JsonNode json() {
        return JSON.readTree(out);
    }

    /** The last line of standard error, which must be the JSON error. */
    JsonNode error() {
        return JSON.readTree(err.lines().toList().getLast()).get("error");
    }

    String all() {
        return out + err;
    }

    @Override
    public String toString() {
        return "$ pgbk " + command + "\nexit " + exit + "\n--- stdout\n" + out + "--- stderr\n" + err;
    }
}
