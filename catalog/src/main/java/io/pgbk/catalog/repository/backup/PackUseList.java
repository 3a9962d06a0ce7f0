package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.Set;

/**
 * An unchangeable list of packs in about 24 bytes for each: a listing keeps those of every backup, which are 4,096,000
 * for a thousand backups of 256 GiB stored data.
 */
final class PackUseList extends AbstractList<PackUse> implements RandomAccess {
    private final Label[] labels;
    private final int[] numbers;
    private final long[] storedBytes;
    private final long[] usedBytes;
    private final Set<Label> owners;

    private PackUseList(Collection<PackUse> uses) {
        int count = uses.size();
        this.labels = new Label[count];
        this.numbers = new int[count];
        this.storedBytes = new long[count];
        this.usedBytes = new long[count];
        int at = 0;
        for (PackUse use : uses) {
            labels[at] = use.label();
            numbers[at] = use.number();
            storedBytes[at] = use.storedBytes();
            usedBytes[at] = use.usedBytes();
            at++;
        }
        this.owners = Collections.unmodifiableSet(new LinkedHashSet<>(Arrays.asList(labels)));
    }

    /** The labels of the backups that stored the packs, in their order. */
    static Set<Label> owners(List<PackUse> packs) {
        return new LinkedHashSet<>(copyOf(packs).owners);
    }

    static PackUseList copyOf(Collection<PackUse> uses) {
        return uses instanceof PackUseList list ? list : new PackUseList(uses);
    }

    @Override
    public PackUse get(int index) {
        Objects.checkIndex(index, labels.length);
        return new PackUse(labels[index], numbers[index], storedBytes[index], usedBytes[index]);
    }

    @Override
    public int size() {
        return labels.length;
    }
}
