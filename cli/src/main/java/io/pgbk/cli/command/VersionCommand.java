package io.pgbk.cli.command;

import io.pgbk.cli.process.Session;
import io.pgbk.cli.process.Version;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code pgbk version}. */
@Command(name = "version", description = "Shows the version of pgbk and of its Java.")
public final class VersionCommand implements Callable<Integer> {
    private final Session session;

    VersionCommand(Session session) {
        this.session = session;
    }

    private record Answer(String version, String java, String operatingSystem) {}

    @Override
    public Integer call() {
        Answer answer = new Answer(
                Version.current(),
                System.getProperty("java.runtime.version", ""),
                System.getProperty("os.name", "") + " " + System.getProperty("os.arch", ""));
        session.console()
                .answer(
                        answer,
                        List.of("pgbk " + answer.version(), "Java " + answer.java() + ", " + answer.operatingSystem()));
        return 0;
    }
}
