// SPDX-License-Identifier: Apache-2.0
// The ID layouts that other systems made known, by name. Each source is cited in named_layout.cc.
#ifndef SHMFLAKE_CORE_NAMED_LAYOUT_H_
#define SHMFLAKE_CORE_NAMED_LAYOUT_H_

#include <span>
#include <string_view>

#include "core/id_format.h"

namespace shmflake {

struct NamedLayout {
  const char* name;
  IdFormat format;
  const char* about;  // whose it is, and what it gives up; one line
};

[[nodiscard]] std::span<const NamedLayout> NamedLayouts() noexcept;

// Null when there is none.
[[nodiscard]] const NamedLayout* FindLayout(std::string_view name) noexcept;
[[nodiscard]] const NamedLayout* FindLayout(const IdFormat& format) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_NAMED_LAYOUT_H_
