package io.pgbk.catalog.repository.document;

/**
 * A document as it was read.
 *
 * @param storedBytes length of the object
 * @param sha256 of the object, hexadecimal
 */
public record StoredDocument(JsonDocument json, long storedBytes, String sha256) {}
