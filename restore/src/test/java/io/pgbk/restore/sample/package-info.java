/** A small repository with every kind of object: what becomes of it when it is damaged, and when it is old. */
@NullMarked
package io.pgbk.restore.sample;

import org.jspecify.annotations.NullMarked;
