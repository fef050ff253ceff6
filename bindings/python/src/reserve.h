// SPDX-License-Identifier: Apache-2.0
// segment_options.reserve as a Python callable, called as reserve(tag, step).
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_RESERVE_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_RESERVE_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>

#include "callback.h"

namespace shmflake_python {

struct FlakeObject;

// Thread safety: as Callback; OnReserve runs on any thread.
class Reserve {
 public:
  // `flake` is what the callable must not use; it is not looked into.
  Reserve(pybind11::object callable, const FlakeObject* flake);

  // A shmflake_reserve_function; `context` is a Reserve.
  static int OnReserve(void* context, const char* tag, std::uint64_t step, std::uint64_t* first,
                       std::uint64_t* count, char* error, std::size_t size);

  [[nodiscard]] PyObject* callable() const { return callback_.callable(); }

 private:
  // 0, or 1 with words; with the GIL.
  int Call(const char* tag, std::uint64_t step, std::uint64_t* first, std::uint64_t* count,
           char* error, std::size_t size);

  Callback callback_;
};

// What the callables raised in a call of this thread, from its beginning to its end. With the GIL.
class Raised {
 public:
  Raised();
  ~Raised();
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

  // The last one; null when there was none.
  [[nodiscard]] const pybind11::object& last() const { return last_; }
  // KeyboardInterrupt and the like: no more is tried, and the call raises it whatever comes of it.
  [[nodiscard]] bool is_final() const;

 private:
  friend class Reserve;

  pybind11::object last_;
  Raised* outer_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_RESERVE_H_
