package io.pgbk.catalog.store;

/**
 * What a listing says about an object. Modification times are left out on purpose: nothing may depend on them.
 *
 * @param key full key below the store's root, with {@code /} between its parts
 * @param length stored bytes
 */
public record ObjectInfo(String key, long length) {}
