/** The error family that every module throws and its stable exit codes. */
@NullMarked
package io.pgbk.error;

import org.jspecify.annotations.NullMarked;
