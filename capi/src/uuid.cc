// SPDX-License-Identifier: Apache-2.0
// The C ABI's UUIDv7 and ULID: a state value from the region's second word, and random bits.
#include <limits>

#include "capi/src/errors.h"
#include "capi/src/handle.h"
#include "core/random_pool.h"
#include "core/uuid_format.h"
#include "core/uuid_text.h"

using shmflake::Attachment;
using shmflake::Code;
using shmflake::DrawError;
using shmflake::Fail;
using shmflake::FastResult;
using shmflake::PooledRandom;
using shmflake::Status;
using shmflake::capi::Guarded;
using shmflake::capi::NoCancellation;
using shmflake::capi::SetLastError;
using shmflake::capi::SetNullArgument;

namespace {

[[gnu::noinline]] int StateAfter(shmflake_handle* flake, Attachment& from, FastResult fast,
                                 uint64_t* state) noexcept {
  return Guarded([&] { return flake->generator.UuidAfter(from, fast, state); });
}

[[gnu::noinline]] int StateNowaitAfter(shmflake_handle* flake, Attachment& from, FastResult fast,
                                       uint64_t* state) noexcept {
  const NoCancellation no_cancellation;
  const DrawError error = flake->generator.UuidNowaitAfter(from, fast, state);
  return error.ok() ? 0 : SetLastError(error);
}

// kAfter goes on where the hot path ended. For a caller that writes to `out`.
template <auto kAfter>
[[gnu::always_inline]] inline int DrawState(shmflake_handle* flake, const void* out,
                                            uint64_t* state) noexcept {
  if (flake == nullptr) [[unlikely]]
    return SetNullArgument("flake");
  if (out == nullptr) [[unlikely]]
    return SetNullArgument("out");
  Attachment& from = flake->generator.current();
  const FastResult fast = from.FastUuid(state);
  if (fast == FastResult::kDrawn) [[likely]]
    return 0;
  return kAfter(flake, from, fast, state);
}

template <auto kAfter>
[[gnu::always_inline]] inline int DrawUuid7(shmflake_handle* flake,
                                            unsigned char out[16]) noexcept {
  uint64_t state = 0;
  if (const int code = DrawState<kAfter>(flake, out, &state); code != 0) [[unlikely]]
    return code;
  shmflake::WriteUuid7(state, PooledRandom(), out);
  return 0;
}

template <auto kAfter>
[[gnu::always_inline]] inline int DrawUlid(shmflake_handle* flake, char out[27]) noexcept {
  uint64_t state = 0;
  if (const int code = DrawState<kAfter>(flake, out, &state); code != 0) [[unlikely]]
    return code;
  unsigned char bytes[16];
  shmflake::WriteUlid(state, PooledRandom(), bytes);
  shmflake::FormatUlid(bytes, out);
  return 0;
}

}  // namespace

extern "C" {

int shmflake_uuid7(shmflake_handle* flake, unsigned char out[16]) {
  return DrawUuid7<StateAfter>(flake, out);
}

int shmflake_uuid7_nowait(shmflake_handle* flake, unsigned char out[16]) {
  return DrawUuid7<StateNowaitAfter>(flake, out);
}

int shmflake_uuid7_n(shmflake_handle* flake, unsigned char (*out)[16], size_t n, size_t* filled) {
  size_t drawn = 0;
  if (filled != nullptr) *filled = 0;
  if (flake == nullptr) return SetNullArgument("flake");
  if (out == nullptr) return SetNullArgument("out");
  if (n == 0 || n > std::numeric_limits<size_t>::max() / 16) {
    return SetLastError(Fail(Code::COUNT, "n must be 1 or more: %zu", n));
  }
  const int code = Guarded([&] {
    return flake->generator.UuidN(n, &drawn, [out](size_t i, uint64_t state) {
      shmflake::WriteUuid7(state, PooledRandom(), out[i]);
    });
  });
  if (filled != nullptr) *filled = drawn;
  return code;
}

int shmflake_ulid(shmflake_handle* flake, char out[27]) { return DrawUlid<StateAfter>(flake, out); }

int shmflake_ulid_nowait(shmflake_handle* flake, char out[27]) {
  return DrawUlid<StateNowaitAfter>(flake, out);
}

}  // extern "C"
