// SPDX-License-Identifier: Apache-2.0
#include "capi/src/convert_options.h"

#include "capi/src/structs.h"

namespace shmflake::capi {
namespace {

template <typename T>
void Take(T value, bool zero_is_meant, std::optional<T>* to) {
  if (value != 0 || zero_is_meant) *to = value;
}

void Take(const char* text, std::optional<std::string>* to) {
  if (text != nullptr) *to = text;
}

Status TakeSwitch(const char* name, std::uint32_t value, std::optional<bool>* to) {
  if (value > SHMFLAKE_OFF) {
    return Fail(Code::OPTION, "%s must be 0, SHMFLAKE_ON or SHMFLAKE_OFF: %u", name, value);
  }
  if (value != 0) *to = value == SHMFLAKE_ON;
  return Status::Ok();
}

}  // namespace

Status ReadOptions(const shmflake_options* from, shmflake_options* to) {
  SHMFLAKE_RETURN_IF_ERROR(ReadStruct("options", from, to));
  constexpr std::uint32_t kKnown =
      SHMFLAKE_SET_WORKER_ID | SHMFLAKE_SET_EPOCH | SHMFLAKE_SET_MAX_BACKWARD;
  if ((to->set & ~kKnown) != 0) {
    return Fail(Code::OPTION, "options.set must be SHMFLAKE_SET_* bits: %#x", to->set);
  }
  if (to->attach_only > 1) {
    return Fail(Code::OPTION, "attach_only must be 0 or 1: %u", to->attach_only);
  }
  if (to->log_level > SHMFLAKE_LOG_ERROR) {
    return Fail(Code::OPTION, "log_level must be 0..4: %u", to->log_level);
  }
  return Status::Ok();
}

Status ConvertOptions(const shmflake_options& from, Options* to) {
  const auto is_set = [&](std::uint32_t bit) { return (from.set & bit) != 0; };
  Take(from.config_file, &to->config_file);
  Take(from.directory, &to->directory);
  Take(from.state_directory, &to->state_directory);
  Take(from.id_namespace, &to->id_namespace);
  Take(from.store, &to->store);
  Take(from.group, &to->group);
  Take(from.mode, false, &to->mode);
  Take(from.worker_id, is_set(SHMFLAKE_SET_WORKER_ID), &to->worker_id);
  Take(from.layout, &to->layout);
  Take(from.segment_store, &to->segment_store);
  Take(from.timestamp_bits, false, &to->timestamp_bits);
  Take(from.worker_id_bits, false, &to->worker_id_bits);
  Take(from.machine_bits, false, &to->machine_bits);
  Take(from.sequence_bits, false, &to->sequence_bits);
  Take(from.tick_us, false, &to->tick_us);
  Take(from.epoch_ms, is_set(SHMFLAKE_SET_EPOCH), &to->epoch_ms);
  Take(from.max_backward_ms, is_set(SHMFLAKE_SET_MAX_BACKWARD), &to->max_backward_ms);
  Take(from.max_forward_ms, false, &to->max_forward_ms);
  Take(from.max_recovery_ms, false, &to->max_recovery_ms);
  Take(from.horizon_ms, false, &to->horizon_ms);
  Take(from.lease_ttl_ms, false, &to->lease_ttl_ms);
  Take(from.wait_timeout_ms, false, &to->wait_timeout_ms);
  switch (from.ordering) {
    case 0:
      break;
    case SHMFLAKE_ORDERING_STRICT:
      to->ordering = "strict";
      break;
    case SHMFLAKE_ORDERING_RELAXED:
      to->ordering = "relaxed";
      break;
    default:
      return Fail(Code::OPTION, "ordering must be SHMFLAKE_ORDERING_STRICT or _RELAXED: %u",
                  from.ordering);
  }
  SHMFLAKE_RETURN_IF_ERROR(
      TakeSwitch("background_thread", from.background_thread, &to->background_thread));
  return TakeSwitch("sigbus_guard", from.sigbus_guard, &to->sigbus_guard);
}

Status ResolveOptions(const char* name, const shmflake_options* options, shmflake_options* read,
                      Settings* settings) {
  SHMFLAKE_RETURN_IF_ERROR(ReadOptions(options, read));
  Options converted;
  SHMFLAKE_RETURN_IF_ERROR(ConvertOptions(*read, &converted));
  return ResolveSettings(name, converted, settings);
}

}  // namespace shmflake::capi
