// SPDX-License-Identifier: Apache-2.0
// Structs that the library fills and that begin with struct_size: an older header's is shorter and
// gets what it has, a newer one's is longer and gets zeros behind.
#ifndef SHMFLAKE_CAPI_SRC_STRUCTS_H_
#define SHMFLAKE_CAPI_SRC_STRUCTS_H_

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/status.h"

namespace shmflake::capi {

inline constexpr std::size_t kLargestStruct = 65536;

// `first` is the size that the struct had when it was first released.
inline Status CheckStructSize(const char* name, std::size_t first, std::size_t size) {
  if (size >= first && size <= kLargestStruct) return Status::Ok();
  return Fail(Code::STRUCT_SIZE, "%s.struct_size must be %zu..%zu: %zu", name, first,
              kLargestStruct, size);
}

// A struct that the caller filled, or NULL for one of zeros: as much as there is, and nothing unknown
// behind.
template <typename Struct>
Status ReadStruct(const char* name, const Struct* from, Struct* to) {
  std::memset(to, 0, sizeof(*to));
  to->struct_size = sizeof(*to);
  if (from == nullptr) return Status::Ok();
  const std::size_t size = from->struct_size;
  if (size < sizeof(std::size_t) || size > kLargestStruct) {
    return Fail(Code::STRUCT_SIZE, "%s.struct_size must be the struct's size, %zu: %zu", name,
                sizeof(*to), size);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  for (std::size_t i = sizeof(*to); i < size; ++i) {
    if (bytes[i] != 0) {
      return Fail(Code::STRUCT_SIZE,
                  "%s has a field at offset %zu that this library (%zu bytes) does not know", name,
                  i, sizeof(*to));
    }
  }
  std::memcpy(to, from, std::min(size, sizeof(*to)));
  return Status::Ok();
}

// Its struct_size was checked, and stays.
template <typename Info>
void FillStruct(const Info& info, Info* out) {
  const std::size_t size = out->struct_size;
  std::memset(out, 0, size);
  std::memcpy(out, &info, std::min(size, sizeof(info)));
  out->struct_size = size;
}

}  // namespace shmflake::capi

#endif  // SHMFLAKE_CAPI_SRC_STRUCTS_H_
