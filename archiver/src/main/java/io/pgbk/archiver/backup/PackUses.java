package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What a backup's summary says about the packs that its manifest names. */
final class PackUses {
    private PackUses() {}

    /**
     * The uses, in the order of the packs' ordinals.
     *
     * @param packs of the manifest
     * @param own label of the backup that is being taken
     * @param parents how much is used of packs that it did not store itself
     */
    static List<PackUse> of(List<PackRef> packs, Label own, Optional<ParentPacks> parents) {
        List<PackUse> uses = new ArrayList<>(packs.size());
        for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
            PackRef pack = packs.get(ordinal);
            if (!(RepositoryLayout.parse(pack.path()) instanceof RepositoryObject.Pack object)) {
                throw new IllegalStateException(pack.path() + " is no pack");
            }
            long used = object.label().equals(own)
                    ? pack.length()
                    : parents.orElseThrow().usedBytes(ordinal);
            uses.add(new PackUse(object.label(), object.number(), pack.length(), used));
        }
        return uses;
    }

    /** The labels of other backups whose packs are used: the parent first, the others in ascending order. */
    static List<Label> parents(List<PackUse> uses, Label own, Optional<Label> parent) {
        List<Label> labels = new ArrayList<>();
        parent.ifPresent(labels::add);
        uses.stream()
                .map(PackUse::label)
                .filter(label -> !label.equals(own) && !labels.contains(label))
                .distinct()
                .sorted(Comparator.comparing(Label::value))
                .forEach(labels::add);
        return labels;
    }
}
