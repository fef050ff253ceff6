// SPDX-License-Identifier: Apache-2.0
// Python arguments as C values, with Python's own errors: TypeError for a wrong type, OverflowError
// for an int that does not fit, ValueError for a NUL in a text.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_ARGUMENTS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_ARGUMENTS_H_

#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace shmflake_python {

using SixteenBytes = std::array<unsigned char, 16>;

std::uint64_t ToUint64(pybind11::handle value);
std::int64_t ToInt64(pybind11::handle value);
// `name` is for the message.
std::uint32_t ToUint32(pybind11::handle value, const char* name);
bool ToBool(pybind11::handle value, const char* name);
// How many: at most what a list can hold. Below 0 it is an ArgumentError.
std::size_t ToCount(pybind11::handle value, const char* name);

std::string ToText(pybind11::handle value, const char* name);
std::optional<std::string> ToTextOrNone(pybind11::handle value, const char* name);
// str, bytes or os.PathLike.
std::string ToPath(pybind11::handle value);
// Exactly 16 bytes, from anything with the buffer protocol.
SixteenBytes ToSixteenBytes(pybind11::handle value, const char* name);

// For an option whose 0 would be taken for the default: it is an ArgumentError.
[[noreturn]] void ThrowZero(const std::string& name);
template <typename Number>
Number NotZero(Number value, const std::string& name) {
  if (value == 0) ThrowZero(name);
  return value;
}

inline const char* PointerOf(const std::optional<std::string>& text) {
  return text.has_value() ? text->c_str() : nullptr;
}

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_ARGUMENTS_H_
