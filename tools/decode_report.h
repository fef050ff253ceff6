// SPDX-License-Identifier: Apache-2.0
// What IDs say, for people and as JSON.
#ifndef SHMFLAKE_TOOLS_DECODE_REPORT_H_
#define SHMFLAKE_TOOLS_DECODE_REPORT_H_

#include <string>
#include <vector>

#include "decoder.h"
#include "output.h"

namespace tool {

// One alone with all that is known of it; several as a table.
void PrintDecoded(Output* out, const Decoder& decoder, const std::vector<Decoded>& all);
[[nodiscard]] Json ToJson(const Decoder& decoder, const Decoded& decoded);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_DECODE_REPORT_H_
