package io.pgbk.cli.command;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code pgbk annotate}. */
@Command(name = "annotate", description = "Sets notes of your own on a backup; an empty value removes one.")
public final class AnnotateCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "LABEL", description = "The backup.")
    private String label = "";

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "K=V", description = "Notes, for example ticket=4711.")
    private List<String> notes = List.of();

    AnnotateCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Label backup = Label.require(label);
        Map<String, String> annotations = Annotations.parse(notes);
        Map<String, String> now = WithRepository.backup(session, backup, cluster -> {
            cluster.backups().annotate(backup, annotations);
            return cluster.backups().require(backup).annotations();
        });
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("label", backup.value());
        answer.put("annotations", new TreeMap<>(now));
        session.console().answer(answer, List.of(backup.value() + "  " + Annotations.show(now)));
        return 0;
    }

    /** Key and value pairs as people write them. */
    static final class Annotations {
        private Annotations() {}

        static Map<String, String> parse(List<String> notes) {
            Map<String, String> annotations = new LinkedHashMap<>();
            for (String note : notes) {
                int equals = note.indexOf('=');
                if (equals < 1 || annotations.put(note.substring(0, equals), note.substring(equals + 1)) != null) {
                    throw new PgbkException(
                            ErrorCode.USAGE,
                            "\"" + note + "\" is not a note"
                                    + (equals < 1 ? "" : " of its own: the key is given twice"),
                            "Write KEY=VALUE.");
                }
            }
            return annotations;
        }

        static String show(Map<String, String> annotations) {
            StringBuilder text = new StringBuilder();
            new TreeMap<>(annotations)
                    .forEach((key, value) -> text.append(text.isEmpty() ? "" : ", ")
                            .append(key)
                            .append('=')
                            .append(value));
            return text.toString();
        }
    }
}
