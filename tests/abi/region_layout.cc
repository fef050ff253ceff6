// SPDX-License-Identifier: Apache-2.0
// This file contains no test code. Compiling it is the check: layout version 4 of the region is
// frozen.
#include <cstddef>
#include <type_traits>

#include "core/layout.h"

namespace shmflake {

#define AT(type, field, offset) static_assert(offsetof(type, field) == (offset))
AT(Header, magic, 0);
AT(Header, layout_version, 8);
AT(Header, header_size, 12);
AT(Header, region_size, 16);
AT(Header, features, 24);
AT(Header, timestamp_bits, 32);
AT(Header, datacenter_bits, 36);
AT(Header, machine_bits, 40);
AT(Header, sequence_bits, 44);
AT(Header, tick_us, 48);
AT(Header, worker_id, 52);
AT(Header, epoch_ms, 56);
AT(Header, birth_tick, 64);
AT(Header, allowance_tick, 72);
AT(Header, instance_id, 80);
AT(Header, created_unix_ns, 88);
AT(Header, worker_id_source, 96);
AT(Header, store_kind, 100);
AT(Header, ordering, 104);
AT(Header, max_backward_ms, 108);
AT(Header, horizon_ms, 112);
AT(Header, file_mode, 116);
AT(Header, group_id, 120);
AT(Header, slot_count, 124);
AT(Header, slot_size, 128);
AT(Header, creator_pid, 132);
AT(Header, creator_uid, 136);
AT(Header, field_order, 140);
AT(Header, lock_id, 144);
AT(Header, name, 160);
AT(Header, id_namespace, 224);
AT(Header, boot_id, 288);
AT(Header, creator_command, 328);
AT(Header, file_inode, 344);
AT(Header, lease_ttl_ms, 352);
AT(Header, store_url, 356);
AT(Header, crc32c, 4092);
static_assert(sizeof(Header) == 4096 && std::is_trivially_copyable_v<Header>);

AT(RegionImage, header, 0);
AT(RegionImage, state, 4096);
AT(RegionImage, ceiling, 4224);
AT(RegionImage, clock, 4352);
AT(RegionImage, events, 4480);
AT(RegionImage, uuid_state, 4608);
AT(RegionImage, slots, 8192);
AT(RegionImage, tags, 270336);
static_assert(sizeof(RegionImage) == 499712);

AT(EventLine, lease_extensions, 0);
AT(EventLine, lease_failures, 8);
AT(EventLine, clock_rollbacks, 16);
AT(EventLine, clock_forward_jumps, 24);

AT(Slot, claim, 0);
AT(Slot, pid, 8);
AT(Slot, attached_unix_ms, 16);
AT(Slot, command, 24);
AT(Slot, waits, 40);
AT(Slot, refusals, 48);
AT(Slot, waits_base, 56);
AT(Slot, refusals_base, 64);
AT(Slot, ids_base, 72);
AT(Slot, stripes, 128);
static_assert(sizeof(Slot) == 1024 && sizeof(Slot::Stripe) == 128);
AT(SegmentEntry, name, 0);
AT(SegmentEntry, store, 72);
AT(SegmentEntry, cursor, 128);
AT(SegmentEntry, ring, 256);
AT(SegmentEntry, fetch, 384);
AT(SegmentEntry, words, 512);
static_assert(sizeof(SegmentEntry) == 896 && sizeof(RingSlot) == 24 && sizeof(StoreWords) == 384);
static_assert(kTagCount == 256 && kSegmentRing == 5 && kOffsetBits == 33 && kTagWords == 9);

AT(FetchLine, claimed, 0);
AT(FetchLine, high, 8);
AT(FetchLine, step, 16);
AT(FetchLine, row_step, 24);
AT(FetchLine, fetched_boot_ns, 32);
AT(FetchLine, fetched_unix_ms, 40);
AT(FetchLine, fetched_us, 48);
AT(FetchLine, next_boot_ns, 56);
AT(FetchLine, failures_in_row, 64);
AT(FetchLine, begun_boot_ns, 72);
AT(FetchLine, begun, 80);
AT(FetchLine, ended, 88);
AT(FetchLine, failed, 96);
AT(FetchLine, granted, 104);
AT(FetchLine, lost, 112);
static_assert(std::is_standard_layout_v<RegionImage>);
#undef AT

}  // namespace shmflake
