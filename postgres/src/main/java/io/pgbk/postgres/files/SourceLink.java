package io.pgbk.postgres.files;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/**
 * A symbolic link that nobody follows: it is listed, so that a restore can name it.
 *
 * @param target what the link says, each byte shown as one character
 */
public record SourceLink(RelativePath path, Path file, int mode, FileTime modified, String target)
        implements SourceEntry {}
