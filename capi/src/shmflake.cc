// SPDX-License-Identifier: Apache-2.0
// The C ABI's draw: the hot path, compiled for speed. The conventions and the manual are in
// shmflake.h.
#include <limits>

#include "capi/src/errors.h"
#include "capi/src/parts.h"

using shmflake::Attachment;
using shmflake::Code;
using shmflake::DrawError;
using shmflake::Fail;
using shmflake::FastResult;
using shmflake::Generator;
using shmflake::Status;
using shmflake::capi::Guarded;
using shmflake::capi::KeepErrno;
using shmflake::capi::NoCancellation;
using shmflake::capi::SetLastError;
using shmflake::capi::SetNullArgument;

namespace {

int Report(const DrawError& error) noexcept { return error.ok() ? 0 : SetLastError(error); }

[[gnu::noinline]] int NextAfter(shmflake_handle* flake, uint64_t* id, Attachment& from,
                                FastResult fast, uint64_t spare) noexcept {
  return Guarded([&] { return flake->generator.NextAfter(from, fast, spare, id); });
}

// Of those that are async-signal-safe.
template <auto kGeneratorsAfter>
[[gnu::noinline]] int AtOnceAfter(shmflake_handle* flake, uint64_t* id, Attachment& from,
                                  FastResult fast, uint64_t spare) noexcept {
  const KeepErrno keep_errno;
  const NoCancellation no_cancellation;
  return Report((flake->generator.*kGeneratorsAfter)(from, fast, spare, id));
}

// The hot path. kAfter goes on where it ended, out of line and called last, so that no register is
// saved here.
template <auto kAfter>
[[gnu::always_inline]] inline int Draw(shmflake_handle* flake, uint64_t* id) noexcept {
  Attachment& from = flake->generator.current();
  uint64_t spare = 0;
  const FastResult fast = from.FastDraw(id, &spare);
  if (fast == FastResult::kDrawn) [[likely]]
    return 0;
  return kAfter(flake, id, from, fast, spare);
}

template <auto kGeneratorsAfter>
[[gnu::always_inline]] inline int DrawAtOnce(shmflake_handle* flake, uint64_t* id) noexcept {
  // Async-signal-safe: which of them was NULL is not said.
  if (flake == nullptr || id == nullptr) [[unlikely]]
    return Report({Code::NULL_ARGUMENT, 0, 0});
  return Draw<AtOnceAfter<kGeneratorsAfter>>(flake, id);
}

}  // namespace

extern "C" {

int shmflake_next(shmflake_handle* flake, uint64_t* id) {
  if (flake == nullptr) [[unlikely]]
    return SetNullArgument("flake");
  if (id == nullptr) [[unlikely]]
    return SetNullArgument("id");
  return Draw<NextAfter>(flake, id);
}

int shmflake_try_next(shmflake_handle* flake, uint64_t* id) {
  return DrawAtOnce<&Generator::TryNextAfter>(flake, id);
}

int shmflake_next_nowait(shmflake_handle* flake, uint64_t* id) {
  return DrawAtOnce<&Generator::NextNowaitAfter>(flake, id);
}

int shmflake_next_n(shmflake_handle* flake, uint64_t* ids, size_t n, size_t* filled) {
  size_t drawn = 0;
  if (filled != nullptr) *filled = 0;
  if (flake == nullptr) return SetNullArgument("flake");
  if (ids == nullptr) return SetNullArgument("ids");
  if (n == 0 || n > std::numeric_limits<size_t>::max() / sizeof(uint64_t)) {
    return SetLastError(Fail(Code::COUNT, "n must be 1 or more: %zu", n));
  }
  const int code = Guarded([&] { return flake->generator.NextN(ids, n, &drawn); });
  if (filled != nullptr) *filled = drawn;
  return code;
}

int shmflake_next_block(shmflake_handle* flake, uint64_t want, uint64_t* first, uint64_t* count) {
  if (flake == nullptr) return SetNullArgument("flake");
  if (first == nullptr) return SetNullArgument("first");
  if (count == nullptr) return SetNullArgument("count");
  if (want == 0) return SetLastError(Fail(Code::COUNT, "want must be 1 or more: 0"));
  return Guarded([&] { return flake->generator.NextBlock(want, first, count); });
}

int shmflake_observe(shmflake_handle* flake, uint64_t id) {
  if (flake == nullptr) return SetLastError(DrawError{Code::NULL_ARGUMENT, 0, 0});
  const KeepErrno keep_errno;
  const NoCancellation no_cancellation;
  return Report(flake->generator.Observe(id));
}

int shmflake_watermark(shmflake_handle* flake, uint64_t* id) {
  if (flake == nullptr || id == nullptr) return SetLastError(DrawError{Code::NULL_ARGUMENT, 0, 0});
  const KeepErrno keep_errno;
  const NoCancellation no_cancellation;
  return Report(flake->generator.Watermark(id));
}

int shmflake_decode(const shmflake_handle* flake, uint64_t id, shmflake_parts* out) {
  if (flake == nullptr || out == nullptr) return SetLastError(DrawError{Code::NULL_ARGUMENT, 0, 0});
  return shmflake::capi::DecodeInto(flake->generator.current().format(), id, out);
}

int shmflake_bounds(const shmflake_handle* flake, int64_t unix_ms, uint64_t* lowest,
                    uint64_t* highest) {
  if (flake == nullptr || lowest == nullptr || highest == nullptr) {
    return Report({Code::NULL_ARGUMENT, 0, 0});
  }
  const shmflake::IdFormat& format = flake->generator.current().format();
  if (shmflake::IdRangeOfUnixMs(format, unix_ms, lowest, highest)) return 0;
  return Report({Code::INSTANT, unix_ms, format.epoch_ms});
}

}  // extern "C"
