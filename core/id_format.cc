// SPDX-License-Identifier: Apache-2.0
#include "core/id_format.h"

#include <cinttypes>
#include <limits>

namespace shmflake {
namespace {

// Times of any format fit: |epoch| < 2^48 ms and a tick count < 2^64, each scaled by at most 10^9.
__extension__ using Wide = __int128;

constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kNsPerUs = 1000;

std::int64_t Saturate(Wide value) noexcept {
  if (value > std::numeric_limits<std::int64_t>::max()) {
    return std::numeric_limits<std::int64_t>::max();
  }
  if (value < std::numeric_limits<std::int64_t>::min()) {
    return std::numeric_limits<std::int64_t>::min();
  }
  return static_cast<std::int64_t>(value);
}

// Clips a tick that is not negative to the first one that does not fit.
bool FitTick(const IdFormat& format, std::uint64_t tick, std::uint64_t* out) noexcept {
  const bool fits = tick <= format.max_timestamp();
  *out = fits ? tick : format.max_timestamp() + 1;
  return fits;
}

}  // namespace

Status ValidateFormat(const IdFormat& format) {
  // Each part alone first, so that no sum below can wrap.
  const bool no_worker = format.machine_bits == 0 && format.datacenter_bits == 0;
  if ((format.machine_bits < 1 && !no_worker) || format.machine_bits > kMaxWorkerBits) {
    return Fail(Code::LAYOUT, "machine_bits must be 1..worker_id_bits, at most %u: %u",
                kMaxWorkerBits, format.machine_bits);
  }
  if (format.datacenter_bits > kMaxWorkerBits || format.worker_bits() > kMaxWorkerBits) {
    return Fail(Code::LAYOUT,
                "worker_id_bits must be 1..%u: %" PRIu64 " (%u datacenter + %u machine)",
                kMaxWorkerBits, std::uint64_t{format.datacenter_bits} + format.machine_bits,
                format.datacenter_bits, format.machine_bits);
  }
  if (format.sequence_bits < 1 || format.sequence_bits > kMaxSequenceBits) {
    return Fail(Code::LAYOUT, "sequence_bits must be 1..%u: %u", kMaxSequenceBits,
                format.sequence_bits);
  }
  const std::uint32_t rest = kIdBits - format.worker_bits() - format.sequence_bits;
  if (rest < kMinTimestampBits) {
    return Fail(Code::LAYOUT,
                "worker_id_bits and sequence_bits must leave at least %u of %u bits for the "
                "timestamp: %u + %u leave %u",
                kMinTimestampBits, kIdBits, format.worker_bits(), format.sequence_bits, rest);
  }
  const bool is_safe = format.timestamp_bits >= kMinTimestampBits && format.timestamp_bits < rest &&
                       format.id_bits() == kSafeIdBits;
  if (format.timestamp_bits != rest && !is_safe) {
    return Fail(Code::LAYOUT,
                "timestamp_bits must be what worker_id_bits and sequence_bits leave, "
                "%u - %u - %u = %u: %u",
                kIdBits, format.worker_bits(), format.sequence_bits, rest, format.timestamp_bits);
  }
  if (format.tick_us < kMinTickUs || format.tick_us > kMaxTickUs) {
    return Fail(Code::LAYOUT, "tick_us must be %u..%u: %u", kMinTickUs, kMaxTickUs, format.tick_us);
  }
  if (format.order != FieldOrder::kSequenceLast && format.order != FieldOrder::kWorkerLast) {
    return Fail(Code::LAYOUT, "the order of fields must be 0..1: %u",
                static_cast<unsigned>(format.order));
  }
  if (format.epoch_ms < kMinEpochMs || format.epoch_ms > kMaxEpochMs) {
    return Fail(Code::LAYOUT, "epoch_ms must be %" PRId64 "..%" PRId64 ": %" PRId64, kMinEpochMs,
                kMaxEpochMs, format.epoch_ms);
  }
  return Status::Ok();
}

bool SplitId(const IdFormat& format, std::uint64_t id, IdParts* out) noexcept {
  if ((id >> format.id_bits()) != 0) return false;
  const bool worker_last = format.order == FieldOrder::kWorkerLast;
  const std::uint64_t worker_id =
      id >> (worker_last ? 0 : format.sequence_bits) & format.max_worker_id();
  out->timestamp = id >> (format.worker_bits() + format.sequence_bits);
  out->worker_id = static_cast<std::uint32_t>(worker_id);
  out->datacenter_id = static_cast<std::uint32_t>(worker_id >> format.machine_bits);
  out->machine_id = static_cast<std::uint32_t>(worker_id & LowMask(format.machine_bits));
  out->sequence = id >> (worker_last ? format.worker_bits() : 0) & format.max_sequence();
  return true;
}

Status DecodeId(const IdFormat& format, std::uint64_t id, IdParts* out) {
  if (SplitId(format, id, out)) return Status::Ok();
  return Fail(Code::ID, "an ID must be 0..%" PRIu64 " (%u bits, the sign bit stays 0): %" PRIu64,
              LowMask(format.id_bits()), format.id_bits(), id);
}

std::int64_t UnixMsOfTick(const IdFormat& format, std::uint64_t tick) noexcept {
  return Saturate(Wide{format.epoch_ms} + Wide{tick} * format.tick_us / kUsPerMs);
}

std::int64_t UnixNsOfTick(const IdFormat& format, std::uint64_t tick) noexcept {
  const Wide tick_ns = Wide{format.tick_us} * kNsPerUs;
  return Saturate(Wide{format.epoch_ms} * kNsPerMs + Wide{tick} * tick_ns);
}

bool TickOfUnixNs(const IdFormat& format, std::int64_t unix_ns, std::uint64_t* tick) noexcept {
  const std::int64_t tick_ns = std::int64_t{format.tick_us} * kNsPerUs;
  std::int64_t since_epoch = 0;
  // Clocks of this age and usual epochs differ by less than 292 years: then a 64-bit division will
  // do.
  if (!__builtin_mul_overflow(format.epoch_ms, kNsPerMs, &since_epoch) &&
      !__builtin_sub_overflow(unix_ns, since_epoch, &since_epoch)) {
    if (since_epoch < 0) {
      *tick = 0;
      return false;
    }
    return FitTick(format, static_cast<std::uint64_t>(since_epoch / tick_ns), tick);
  }
  const Wide wide = Wide{unix_ns} - Wide{format.epoch_ms} * kNsPerMs;
  if (wide < 0) {
    *tick = 0;
    return false;
  }
  return FitTick(format, static_cast<std::uint64_t>(wide / tick_ns), tick);
}

bool IdRangeOfUnixMs(const IdFormat& format, std::int64_t unix_ms, std::uint64_t* lowest,
                     std::uint64_t* highest) noexcept {
  const Wide begin_us = (Wide{unix_ms} - format.epoch_ms) * kUsPerMs;
  if (begin_us < 0) return false;
  // Ticks begin at whole microseconds, so the millisecond's last one settles which begins last in
  // it.
  const Wide first = begin_us / format.tick_us;
  Wide last = (begin_us + kUsPerMs - 1) / format.tick_us;
  if (first > Wide{format.max_timestamp()}) return false;
  if (last > Wide{format.max_timestamp()}) last = Wide{format.max_timestamp()};
  const std::uint32_t below = format.worker_bits() + format.sequence_bits;
  *lowest = static_cast<std::uint64_t>(first) << below;
  *highest = static_cast<std::uint64_t>(last) << below | LowMask(below);
  return true;
}

Status BoundsOfUnixMs(const IdFormat& format, std::int64_t unix_ms, std::uint64_t* lowest,
                      std::uint64_t* highest) {
  if (IdRangeOfUnixMs(format, unix_ms, lowest, highest)) return Status::Ok();
  const Wide range_us = (Wide{format.max_timestamp()} + 1) * format.tick_us;
  return Fail(Code::INSTANT,
              "the instant must be within the time range, Unix ms %" PRId64 "..%" PRId64
              ": %" PRId64,
              format.epoch_ms, Saturate(format.epoch_ms + (range_us - 1) / kUsPerMs), unix_ms);
}

std::string DescribeFormat(const IdFormat& format) {
  const std::string worker =
      std::to_string(format.datacenter_bits) + "+" + std::to_string(format.machine_bits);
  const std::string sequence = std::to_string(format.sequence_bits);
  const bool worker_last = format.order == FieldOrder::kWorkerLast;
  return std::to_string(format.timestamp_bits) + "/" + (worker_last ? sequence : worker) + "/" +
         (worker_last ? worker : sequence) + " x " + std::to_string(format.tick_us) + " us since " +
         std::to_string(format.epoch_ms);
}

}  // namespace shmflake
