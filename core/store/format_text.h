// SPDX-License-Identifier: Apache-2.0
// An ID layout as the record of a namespace keeps it. Persisted: what is written here is never
// changed.
//
//   43/2+6/12 x 1000 us since 1609459200000     timestamp / datacenter + machine / sequence bits
//   39/8/0+16 x 10000 us since 1409529600000    the worker ID's bits behind the sequence's
#ifndef SHMFLAKE_CORE_STORE_FORMAT_TEXT_H_
#define SHMFLAKE_CORE_STORE_FORMAT_TEXT_H_

#include <string>

#include "core/id_format.h"

namespace shmflake {

[[nodiscard]] std::string FormatText(const IdFormat& format);
// False, and *format is not changed, when it is not such a text, or not of a valid layout.
[[nodiscard]] bool ParseFormatText(const std::string& text, IdFormat* format);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_FORMAT_TEXT_H_
