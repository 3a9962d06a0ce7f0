package io.pgbk.catalog.repository.backup;

import io.pgbk.postgres.files.FileFailure;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Directories one in the other that are this user's alone and that nobody else can exchange; made when they are needed.
 *
 * <p>Every exception's message is one line that names the directory and says what is wrong with it.
 */
final class OwnDirectories {
    /** Belongs to the user with whose rights this process works. */
    private static final Path PROCESS = Path.of("/proc/self");

    private static final int ROOT = 0;
    private static final int FILE_TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    /** Only their owners rename and remove what is in the directory. */
    private static final int STICKY = 01000;

    private static final int GROUP_WRITES = 0020;
    private static final int OTHERS_WRITE = 0002;
    private static final int PERMISSIONS = 0777;
    private static final int OWNER_ALONE = 0700;
    private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rwx------");

    private final Path base;
    private final List<String> names;
    private final int user;

    /** Whose a file is, and its type and mode. */
    record Facts(int owner, int mode) {
        static Facts of(Path file, LinkOption... options) throws IOException {
            Map<String, Object> attributes = Files.readAttributes(file, "unix:uid,mode", options);
            return new Facts((Integer) Objects.requireNonNull(attributes.get("uid")), (Integer)
                    Objects.requireNonNull(attributes.get("mode")));
        }

        boolean is(int flag) {
            return (mode & flag) != 0;
        }
    }

    /**
     * Those of another user, for tests.
     *
     * @param base where the first of them is or will be
     * @param names of the directories, from the outermost
     * @param user whose they have to be
     */
    OwnDirectories(Path base, List<String> names, int user) {
        this.base = base;
        this.names = List.copyOf(names);
        this.user = user;
    }

    /** Those of the user with whose rights this process works. */
    static OwnDirectories ofThisProcess(Path base, List<String> names) throws IOException {
        return new OwnDirectories(base, names, thisUser());
    }

    static int thisUser() throws IOException {
        try {
            return Facts.of(PROCESS).owner();
        } catch (IOException e) {
            throw failed(PROCESS, e);
        }
    }

    Path innermost() {
        Path at = base;
        for (String name : names) {
            at = at.resolve(name);
        }
        return at;
    }

    /**
     * Whether all are there; nothing is made.
     *
     * @throws IOException when one must not be used
     */
    boolean arePresent() throws IOException {
        return allAreThere(false);
    }

    /**
     * Makes those that are not there.
     *
     * @throws IOException when one cannot be made or must not be used
     */
    void make() throws IOException {
        allAreThere(true);
    }

    /** Whether all are there at the end: from the outermost in, what is missing is made, or is the answer. */
    private boolean allAreThere(boolean making) throws IOException {
        requireBase();
        Path at = base;
        for (String name : names) {
            at = at.resolve(name);
            if (!isOwn(at)) {
                if (!making) {
                    return false;
                }
                create(at);
                if (!isOwn(at)) {
                    throw refused(at, "it was removed as soon as it was made");
                }
            }
        }
        return true;
    }

    private static void create(Path directory) throws IOException {
        try {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(MODE));
        } catch (FileAlreadyExistsException e) {
            // Whose it is is looked at next.
        } catch (IOException e) {
            throw failed(directory, e);
        }
    }

    private void requireBase() throws IOException {
        Facts facts;
        try {
            facts = Facts.of(base);
        } catch (IOException e) {
            throw failed(base, e);
        }
        if (!isSafeBase(facts)) {
            throw refused(
                    base,
                    facts.owner() == user || facts.owner() == ROOT
                            ? "others may exchange what is in it (mode " + Integer.toOctalString(facts.mode() & 07777)
                                    + ")"
                            : belongsTo(base));
        }
    }

    /**
     * Whether nobody but this user and root can exchange a directory that this user has in it. The user's own group may
     * write where the user let it, as with many a umask.
     */
    boolean isSafeBase(Facts facts) {
        if (facts.owner() != user && facts.owner() != ROOT) {
            return false;
        }
        boolean strangersWrite = facts.is(OTHERS_WRITE) || (facts.is(GROUP_WRITES) && facts.owner() != user);
        return !strangersWrite || facts.is(STICKY);
    }

    /**
     * Whether the directory is there.
     *
     * @throws IOException when it is none, a link, or somebody else's
     */
    boolean isOwn(Path directory) throws IOException {
        Facts facts;
        try {
            facts = Facts.of(directory, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw failed(directory, e);
        }
        if ((facts.mode() & FILE_TYPE) != DIRECTORY) {
            throw refused(directory, "it is no directory");
        }
        // Root may do everything with those of others, so that success at anything would say nothing.
        if (facts.owner() != user) {
            throw refused(directory, belongsTo(directory));
        }
        if ((facts.mode() & PERMISSIONS) != OWNER_ALONE) {
            setMode(directory);
        }
        return true;
    }

    private static void setMode(Path directory) throws IOException {
        try {
            Files.setPosixFilePermissions(directory, MODE);
        } catch (IOException e) {
            throw failed(directory, e);
        }
    }

    private static String belongsTo(Path directory) throws IOException {
        return "it belongs to " + Files.getOwner(directory).getName() + ", not to the user of this process";
    }

    private static FileSystemException refused(Path directory, String reason) {
        return new FileSystemException(FileNames.display(directory), null, reason);
    }

    private static FileSystemException failed(Path directory, IOException cause) {
        FileSystemException failed = refused(directory, FileFailure.reason(cause));
        failed.initCause(cause);
        return failed;
    }
}
