package io.pgbk.catalog.store;

/** An object that could not be removed, and the store's reason. */
public record DeleteFailure(String key, String reason) {}
