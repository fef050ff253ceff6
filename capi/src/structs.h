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
