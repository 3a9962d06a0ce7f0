package io.pgbk.catalog.repository.layout;

import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import java.util.Optional;

/** Parses the part of a key below {@code clusters/<cluster>/}; the caller compares the result's key with the input. */
final class ClusterKeys {
    private ClusterKeys() {}

    /**
     * Parses a key.
     *
     * @param parts all parts of the key, at least four; the third says which folder of the cluster it is in
     */
    static Optional<RepositoryObject> parse(ClusterName cluster, String[] parts) {
        return switch (parts[2]) {
            case "incarnations" ->
                parts.length == 4
                        ? RepositoryLayout.withoutSuffix(parts[3], ".json")
                                .flatMap(RepositoryLayout::positiveOf)
                                .map(number -> new RepositoryObject.Incarnation(cluster, number))
                        : Optional.empty();
            case "wal" -> RepositoryLayout.positiveOf(parts[3]).flatMap(number -> wal(cluster, number, parts));
            case "wal-index" ->
                parts.length == 6
                        ? RepositoryLayout.positiveOf(parts[3]).flatMap(number -> walIndex(cluster, number, parts[5]))
                        : Optional.empty();
            case "wal-trims" ->
                parts.length == 5
                        ? RepositoryLayout.positiveOf(parts[3])
                                .flatMap(incarnation -> RepositoryLayout.counterOf(parts[4])
                                        .map(number -> new RepositoryObject.WalTrim(cluster, incarnation, number)))
                        : Optional.empty();
            case "backups" -> Label.parse(parts[3]).flatMap(label -> backup(cluster, label, parts));
            case "packs" ->
                parts.length == 5
                        ? Label.parse(parts[3])
                                .flatMap(label -> RepositoryLayout.counterOf(parts[4])
                                        .map(number -> new RepositoryObject.Pack(cluster, label, number)))
                        : Optional.empty();
            case "holds" -> parts.length == 4 ? hold(cluster, parts[3]) : Optional.empty();
            case "locks" ->
                parts.length == 4
                        ? RepositoryLayout.counterOf(parts[3])
                                .map(number -> new RepositoryObject.LockRenewal(cluster, number))
                        : Optional.empty();
            case "leases" -> parts.length == 6 ? lease(cluster, parts) : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<RepositoryObject> wal(ClusterName cluster, int incarnation, String[] parts) {
        String file = parts[parts.length - 1];
        return switch (parts.length) {
            case 5, 7 -> walFile(cluster, incarnation, file);
            case 8 ->
                RepositoryLayout.withoutSuffix(parts[6], ".events")
                        .flatMap(WalSegmentName::tryParse)
                        .flatMap(name -> RepositoryLayout.counterOf(file)
                                .map(number -> new RepositoryObject.WalEvent(cluster, incarnation, name, number)));
            default -> Optional.empty();
        };
    }

    private static Optional<RepositoryObject> walFile(ClusterName cluster, int incarnation, String file) {
        Optional<WalFileName> plain = WalFileName.parse(file);
        if (plain.isPresent()) {
            return Optional.of(new RepositoryObject.Wal(cluster, incarnation, plain.get(), ""));
        }
        int dot = file.lastIndexOf('.');
        if (dot < 0 || !RepositoryLayout.isVariant(file.substring(dot + 1))) {
            return Optional.empty();
        }
        return WalFileName.parse(file.substring(0, dot))
                .map(name -> new RepositoryObject.Wal(cluster, incarnation, name, file.substring(dot + 1)));
    }

    private static Optional<RepositoryObject> walIndex(ClusterName cluster, int incarnation, String file) {
        int length = WalSegmentName.LENGTH;
        if (file.length() != 2 * length + 1) {
            return Optional.empty();
        }
        Optional<WalSegmentName> last = WalSegmentName.tryParse(file.substring(length + 1));
        return WalSegmentName.tryParse(file.substring(0, length))
                .flatMap(first -> last.map(name -> new RepositoryObject.WalIndex(cluster, incarnation, first, name)));
    }

    private static Optional<RepositoryObject> backup(ClusterName cluster, Label label, String[] parts) {
        if (parts.length == 5) {
            return switch (parts[4]) {
                case "intent" -> Optional.of(new RepositoryObject.Intent(cluster, label));
                case "backup" -> Optional.of(new RepositoryObject.Backup(cluster, label));
                default -> Optional.empty();
            };
        }
        if (parts.length != 6) {
            return Optional.empty();
        }
        return RepositoryLayout.counterOf(parts[5]).flatMap(number -> switch (parts[4]) {
            case "alive" -> Optional.of(new RepositoryObject.Alive(cluster, label, number));
            case "manifest" -> Optional.of(new RepositoryObject.Manifest(cluster, label, number));
            case "events" -> Optional.of(new RepositoryObject.Event(cluster, label, number));
            default -> Optional.empty();
        });
    }

    private static Optional<RepositoryObject> hold(ClusterName cluster, String file) {
        int dot = file.indexOf('.');
        if (dot < 0 || !RepositoryLayout.isHoldId(file.substring(0, dot))) {
            return Optional.empty();
        }
        return RepositoryLayout.counterOf(file.substring(dot + 1))
                .map(renewal -> new RepositoryObject.Hold(cluster, file.substring(0, dot), renewal));
    }

    private static Optional<RepositoryObject> lease(ClusterName cluster, String[] parts) {
        if (!RepositoryLayout.isLeaseName(parts[3])) {
            return Optional.empty();
        }
        return RepositoryLayout.counterOf(parts[4])
                .flatMap(epoch -> RepositoryLayout.counterOf(parts[5])
                        .map(renewal -> new RepositoryObject.Lease(cluster, parts[3], epoch, renewal)));
    }
}
