package io.pgbk.testkit.fuzz;

import java.lang.reflect.Constructor;

/** What Jazzer calls in its own process: the arguments are the class of the targets and the target's name. */
public final class JazzerEntry {
    @SuppressWarnings("NullAway.Init") // Jazzer calls the first method before the second
    private static Verdicts verdicts;

    private JazzerEntry() {}

    /** Called once. */
    public static void fuzzerInitialize(String[] arguments) throws ReflectiveOperationException {
        Constructor<?> constructor = Class.forName(arguments[0]).getDeclaredConstructor();
        constructor.setAccessible(true);
        FuzzTargets targets = (FuzzTargets) constructor.newInstance();
        verdicts = new Verdicts(targets.target(arguments[1]), targets.refusal());
    }

    /** Called for every input. */
    public static void fuzzerTestOneInput(byte[] input) {
        verdicts.accepts(input);
    }
}
