package io.pgbk.integration.chains;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What PostgreSQL may change in a page of a relation without WAL when there are no checksums and wal_log_hints is off: bits
 * that only spare looking something up again. A backup that asks WAL summaries what to read does not see such changes, and
 * need not.
 *
 * <p>Source: PostgreSQL's access/common/bufmask.c, and the masks of heap, B-tree, hash and GiST pages that use it.
 */
final class HintBits {
    private static final int PAGE_BYTES = 8192;
    private static final int HEADER_BYTES = 24;
    private static final int FLAGS = 10;
    private static final int LOWER = 12;
    private static final int UPPER = 14;
    private static final int SPECIAL = 16;
    private static final int PRUNE_XID = 20;
    private static final int HAS_FREE_LINES_AND_FULL = 0x0003;
    private static final int ITEM_BYTES = 4;
    private static final int ITEM_FLAGS_SHIFT = 15;
    private static final int ITEM_NORMAL = 1;
    private static final int ITEM_DEAD = 3;
    private static final int TUPLE_INFOMASK = 20;
    private static final int TUPLE_HEADER_BYTES = 23;
    private static final int TRANSACTIONS_COMMITTED_OR_NOT = 0x0F00;
    private static final int INDEX_SPECIAL_BYTES = 16;
    private static final int INDEX_FLAGS = 12;
    private static final int INDEX_KIND = 14;
    private static final int HASH_PAGE = 0xFF80;
    private static final int GIST_PAGE = 0xFF81;
    private static final int LARGEST_CYCLE = 0xFF7F;
    private static final int HASH_HAS_DEAD = 1 << 7;
    private static final int GIST_HAS_GARBAGE = 1 << 4;
    private static final int BTREE_HAS_GARBAGE = 1 << 6;

    private HintBits() {}

    /** Sets the hints of a page to one value; a page that is none is left as it is. */
    static void clear(byte[] bytes) {
        ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int lower = unsigned(page, LOWER);
        int upper = unsigned(page, UPPER);
        int special = unsigned(page, SPECIAL);
        if (lower < HEADER_BYTES || lower > upper || upper > special || special > PAGE_BYTES) {
            return;
        }
        clear(page, FLAGS, HAS_FREE_LINES_AND_FULL);
        page.putInt(PRUNE_XID, 0);
        if (special == PAGE_BYTES) {
            clearTuples(page, lower, upper);
        } else if (PAGE_BYTES - special == INDEX_SPECIAL_BYTES) {
            clearIndex(page, lower, special);
        }
    }

    private static void clearTuples(ByteBuffer page, int lower, int upper) {
        for (int at = HEADER_BYTES; at + ITEM_BYTES <= lower; at += ITEM_BYTES) {
            int item = page.getInt(at);
            int tuple = item & 0x7FFF;
            if (flags(item) == ITEM_NORMAL && tuple >= upper && tuple + TUPLE_HEADER_BYTES <= PAGE_BYTES) {
                clear(page, tuple + TUPLE_INFOMASK, TRANSACTIONS_COMMITTED_OR_NOT);
            }
        }
    }

    private static void clearIndex(ByteBuffer page, int lower, int special) {
        int kind = unsigned(page, special + INDEX_KIND);
        if (kind == HASH_PAGE) {
            clear(page, special + INDEX_FLAGS, HASH_HAS_DEAD);
        } else if (kind == GIST_PAGE) {
            clear(page, special + INDEX_FLAGS, GIST_HAS_GARBAGE);
        } else if (kind <= LARGEST_CYCLE) {
            clear(page, special + INDEX_FLAGS, BTREE_HAS_GARBAGE);
        } else {
            return;
        }
        for (int at = HEADER_BYTES; at + ITEM_BYTES <= lower; at += ITEM_BYTES) {
            int item = page.getInt(at);
            if (flags(item) == ITEM_DEAD) {
                page.putInt(at, (item & ~(ITEM_DEAD << ITEM_FLAGS_SHIFT)) | (ITEM_NORMAL << ITEM_FLAGS_SHIFT));
            }
        }
    }

    private static int flags(int item) {
        return (item >>> ITEM_FLAGS_SHIFT) & 3;
    }

    private static int unsigned(ByteBuffer page, int at) {
        return Short.toUnsignedInt(page.getShort(at));
    }

    private static void clear(ByteBuffer page, int at, int bits) {
        page.putShort(at, (short) (unsigned(page, at) & ~bits));
    }
}
