package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.RepositoryId;

/** One 256-bit repository key and the class keys derived from it. */
final class KeyEpoch implements AutoCloseable {
    private final int number;
    private final Secret repositoryKey;
    private final Secret data;
    private final Secret meta;
    private final Secret compare;

    KeyEpoch(int number, Secret repositoryKey, RepositoryId repositoryId) {
        if (number < 1) {
            throw new IllegalArgumentException("epochs count from 1, not " + number);
        }
        if (repositoryKey.length() != 32) {
            throw new IllegalArgumentException("a repository key has 32 bytes");
        }
        this.number = number;
        this.repositoryKey = repositoryKey;
        this.data = derive(KeyClass.DATA, repositoryId);
        this.meta = derive(KeyClass.META, repositoryId);
        this.compare = derive(KeyClass.COMPARE, repositoryId);
    }

    private Secret derive(KeyClass keyClass, RepositoryId repositoryId) {
        return Secret.adopt(
                Hkdf.derive(repositoryKey.expose(), repositoryId.value().toArray(), "class " + keyClass.label()));
    }

    int number() {
        return number;
    }

    Secret repositoryKey() {
        return repositoryKey;
    }

    Secret key(KeyClass keyClass) {
        return switch (keyClass) {
            case DATA -> data;
            case META -> meta;
            case COMPARE -> compare;
        };
    }

    @Override
    public void close() {
        repositoryKey.close();
        data.close();
        meta.close();
        compare.close();
    }

    @Override
    public String toString() {
        return "epoch " + number;
    }
}
