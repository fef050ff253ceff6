/* SPDX-License-Identifier: Apache-2.0 */
/* This file contains no test code. Compiling it is the check: the public structs are frozen on
 * LP64. Fields are only ever appended to a struct that begins with struct_size; docs/abi.md has the
 * rules. */
#include <shmflake/shmflake.h>

#define AT(type, field, offset) \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")

#define IS(constant, value) _Static_assert((constant) == (value), #constant " has been renumbered")

_Static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8 && sizeof(long) == 8, "this is not LP64");

SIZE(shmflake_log_field, 16);
AT(shmflake_log_field, key, 0);
AT(shmflake_log_field, value, 8);

SIZE(shmflake_options, 176);
AT(shmflake_options, struct_size, 0);
AT(shmflake_options, config_file, 8);
AT(shmflake_options, directory, 16);
AT(shmflake_options, state_directory, 24);
AT(shmflake_options, id_namespace, 32);
AT(shmflake_options, store, 40);
AT(shmflake_options, group, 48);
AT(shmflake_options, set, 56);
AT(shmflake_options, mode, 60);
AT(shmflake_options, worker_id, 64);
AT(shmflake_options, timestamp_bits, 68);
AT(shmflake_options, worker_id_bits, 72);
AT(shmflake_options, machine_bits, 76);
AT(shmflake_options, sequence_bits, 80);
AT(shmflake_options, tick_us, 84);
AT(shmflake_options, epoch_ms, 88);
AT(shmflake_options, ordering, 96);
AT(shmflake_options, max_backward_ms, 100);
AT(shmflake_options, max_forward_ms, 104);
AT(shmflake_options, max_recovery_ms, 108);
AT(shmflake_options, horizon_ms, 112);
AT(shmflake_options, wait_timeout_ms, 116);
AT(shmflake_options, background_thread, 120);
AT(shmflake_options, sigbus_guard, 124);
AT(shmflake_options, attach_only, 128);
AT(shmflake_options, log_level, 132);
AT(shmflake_options, log, 136);
AT(shmflake_options, log_context, 144);
AT(shmflake_options, layout, 152);
AT(shmflake_options, segment_store, 160);
AT(shmflake_options, lease_ttl_ms, 168);

SIZE(shmflake_segment_options, 64);
AT(shmflake_segment_options, struct_size, 0);
AT(shmflake_segment_options, store, 8);
AT(shmflake_segment_options, create, 16);
AT(shmflake_segment_options, prefetch_percent, 20);
AT(shmflake_segment_options, step, 24);
AT(shmflake_segment_options, min_step, 32);
AT(shmflake_segment_options, max_step, 40);
AT(shmflake_segment_options, reserve, 48);
AT(shmflake_segment_options, reserve_context, 56);

SIZE(shmflake_segment_info, 464);
AT(shmflake_segment_info, struct_size, 0);
AT(shmflake_segment_info, tag, 8);
AT(shmflake_segment_info, store, 80);
AT(shmflake_segment_info, generation, 96);
AT(shmflake_segment_info, first_id, 104);
AT(shmflake_segment_info, last_id, 112);
AT(shmflake_segment_info, next_id, 120);
AT(shmflake_segment_info, remaining, 128);
AT(shmflake_segment_info, remaining_next, 136);
AT(shmflake_segment_info, step, 144);
AT(shmflake_segment_info, last_fetch_unix_ms, 152);
AT(shmflake_segment_info, last_fetch_us, 160);
AT(shmflake_segment_info, fetches, 168);
AT(shmflake_segment_info, fetch_failures, 176);
AT(shmflake_segment_info, fetches_unfinished, 184);
AT(shmflake_segment_info, ids_granted, 192);
AT(shmflake_segment_info, ids_lost, 200);
AT(shmflake_segment_info, next_attempt_in_ms, 208);
AT(shmflake_segment_info, last_error, 216);
AT(shmflake_segment_info, failures_in_row, 220);
AT(shmflake_segment_info, last_error_text, 224);

SIZE(shmflake_parts, 48);
AT(shmflake_parts, unix_ms, 0);
AT(shmflake_parts, unix_ns, 8);
AT(shmflake_parts, timestamp, 16);
AT(shmflake_parts, sequence, 24);
AT(shmflake_parts, worker_id, 32);
AT(shmflake_parts, datacenter_id, 36);
AT(shmflake_parts, machine_id, 40);
AT(shmflake_parts, reserved, 44);

SIZE(shmflake_status_info, 1200);
AT(shmflake_status_info, struct_size, 0);
AT(shmflake_status_info, name, 8);
AT(shmflake_status_info, id_namespace, 72);
AT(shmflake_status_info, path, 136);
AT(shmflake_status_info, instance_id, 392);
AT(shmflake_status_info, created_unix_ms, 400);
AT(shmflake_status_info, epoch_ms, 408);
AT(shmflake_status_info, layout_version, 416);
AT(shmflake_status_info, tick_us, 420);
AT(shmflake_status_info, timestamp_bits, 424);
AT(shmflake_status_info, datacenter_bits, 428);
AT(shmflake_status_info, machine_bits, 432);
AT(shmflake_status_info, sequence_bits, 436);
AT(shmflake_status_info, worker_id, 440);
AT(shmflake_status_info, worker_id_source, 444);
AT(shmflake_status_info, worker_id_source_name, 448);
AT(shmflake_status_info, worker_id_guaranteed_unique, 480);
AT(shmflake_status_info, survives_region_loss, 484);
AT(shmflake_status_info, store, 488);
AT(shmflake_status_info, ordering, 492);
AT(shmflake_status_info, max_backward_ms, 496);
AT(shmflake_status_info, horizon_ms, 500);
AT(shmflake_status_info, region_size, 504);
AT(shmflake_status_info, birth_unix_ms, 512);
AT(shmflake_status_info, retired, 520);
AT(shmflake_status_info, lost, 524);
AT(shmflake_status_info, last_id, 528);
AT(shmflake_status_info, last_unix_ms, 536);
AT(shmflake_status_info, ahead_ms, 544);
AT(shmflake_status_info, ceiling_unix_ms, 552);
AT(shmflake_status_info, ceiling_in_ms, 560);
AT(shmflake_status_info, years_left, 568);
AT(shmflake_status_info, clock_synchronised, 576);
AT(shmflake_status_info, tsc_window, 580);
AT(shmflake_status_info, ids_issued, 584);
AT(shmflake_status_info, waits, 592);
AT(shmflake_status_info, refusals, 600);
AT(shmflake_status_info, lease_extensions, 608);
AT(shmflake_status_info, lease_failures, 616);
AT(shmflake_status_info, clock_rollbacks, 624);
AT(shmflake_status_info, clock_forward_jumps, 632);
AT(shmflake_status_info, slots, 640);
AT(shmflake_status_info, slots_used, 644);
AT(shmflake_status_info, last_store_error, 648);
AT(shmflake_status_info, layout, 840);
AT(shmflake_status_info, worker_last, 856);
AT(shmflake_status_info, id_bits, 860);
AT(shmflake_status_info, lease_ttl_ms, 864);
AT(shmflake_status_info, host, 872);
AT(shmflake_status_info, store_url, 944);

SIZE(shmflake_lease, 184);
AT(shmflake_lease, worker_id, 0);
AT(shmflake_lease, held, 4);
AT(shmflake_lease, instance_id, 8);
AT(shmflake_lease, horizon_unix_ms, 16);
AT(shmflake_lease, ttl_ms, 24);
AT(shmflake_lease, updated_unix_ms, 32);
AT(shmflake_lease, this_host, 40);
AT(shmflake_lease, is_free, 44);
AT(shmflake_lease, region, 48);
AT(shmflake_lease, host, 112);

SIZE(shmflake_layout_info, 264);
AT(shmflake_layout_info, struct_size, 0);
AT(shmflake_layout_info, name, 8);
AT(shmflake_layout_info, about, 24);
AT(shmflake_layout_info, epoch_ms, 216);
AT(shmflake_layout_info, until_unix_ms, 224);
AT(shmflake_layout_info, id_bits, 232);
AT(shmflake_layout_info, timestamp_bits, 236);
AT(shmflake_layout_info, datacenter_bits, 240);
AT(shmflake_layout_info, machine_bits, 244);
AT(shmflake_layout_info, sequence_bits, 248);
AT(shmflake_layout_info, tick_us, 252);
AT(shmflake_layout_info, worker_last, 256);
AT(shmflake_layout_info, reserved, 260);

SIZE(shmflake_process, 56);
AT(shmflake_process, pid, 0);
AT(shmflake_process, alive, 4);
AT(shmflake_process, attached_unix_ms, 8);
AT(shmflake_process, ids_issued, 16);
AT(shmflake_process, waits, 24);
AT(shmflake_process, refusals, 32);
AT(shmflake_process, command, 40);

SIZE(shmflake_setting, 544);
AT(shmflake_setting, key, 0);
AT(shmflake_setting, value, 32);
AT(shmflake_setting, source, 288);

/* Error codes have a list of their own, error_codes.txt. */
IS(SHMFLAKE_ORDERING_STRICT, 1);
IS(SHMFLAKE_ORDERING_RELAXED, 2);
IS(SHMFLAKE_ON, 1);
IS(SHMFLAKE_OFF, 2);
IS(SHMFLAKE_SET_WORKER_ID, 1);
IS(SHMFLAKE_SET_EPOCH, 2);
IS(SHMFLAKE_SET_MAX_BACKWARD, 4);
IS(SHMFLAKE_LOG_DEBUG, 1);
IS(SHMFLAKE_LOG_INFO, 2);
IS(SHMFLAKE_LOG_WARNING, 3);
IS(SHMFLAKE_LOG_ERROR, 4);
IS(SHMFLAKE_SOURCE_OPTION, 1);
IS(SHMFLAKE_SOURCE_ENVIRONMENT, 2);
IS(SHMFLAKE_SOURCE_CONFIG_FILE, 3);
IS(SHMFLAKE_SOURCE_LEASE, 4);
IS(SHMFLAKE_SOURCE_STATEFULSET, 5);
IS(SHMFLAKE_SOURCE_HOST_ADDRESS, 6);
IS(SHMFLAKE_STORE_NONE, 1);
IS(SHMFLAKE_STORE_SQLITE, 2);
IS(SHMFLAKE_STORE_MYSQL, 3);
IS(SHMFLAKE_STORE_POSTGRES, 4);
IS(SHMFLAKE_STORE_ETCD, 5);
IS(SHMFLAKE_FORM_DECIMAL, 1);
IS(SHMFLAKE_FORM_HEX, 2);
IS(SHMFLAKE_FORM_BASE36, 3);
IS(SHMFLAKE_FORM_BASE58, 4);
IS(SHMFLAKE_FORM_BASE62, 5);
IS(SHMFLAKE_FORM_CROCKFORD32, 6);
IS(SHMFLAKE_TEXT_SIZE, 40);
