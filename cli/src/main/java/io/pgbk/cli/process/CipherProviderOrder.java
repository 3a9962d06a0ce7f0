package io.pgbk.cli.process;

import java.security.Security;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets Java look for its ciphers where they are. A search for a provider, also for one by name, makes all that stand
 * before it in the list; the one for elliptic curves computes for tens of milliseconds, and only TLS needs it.
 */
public final class CipherProviderOrder {
    private static final String PROPERTY = "security.provider.";
    private static final String CIPHERS = "SunJCE";
    private static final int AFTER_DIGESTS = 1;

    private CipherProviderOrder() {}

    /**
     * Puts the provider of ciphers second. Without effect when Java has begun to use its list; nothing is changed when it
     * is there already, as in the Java of the distribution.
     */
    public static void prefer() {
        List<String> names = new ArrayList<>();
        for (int i = 1; ; i++) {
            String name = Security.getProperty(PROPERTY + i);
            if (name == null) {
                break;
            }
            names.add(name);
        }
        List<String> ordered = of(names);
        for (int i = 0; i < names.size(); i++) {
            if (!ordered.get(i).equals(names.get(i))) {
                Security.setProperty(PROPERTY + (i + 1), ordered.get(i));
            }
        }
    }

    /** The order of these providers that the program wants. */
    public static List<String> of(List<String> providers) {
        List<String> ordered = new ArrayList<>(providers);
        if (ordered.remove(CIPHERS)) {
            ordered.add(Math.min(AFTER_DIGESTS, ordered.size()), CIPHERS);
        }
        return ordered;
    }
}
