// SPDX-License-Identifier: Apache-2.0
// The native base of shmflake.Segment: opens, draws, closes. Made by hand, for the reasons of
// flake_type.h.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_TYPE_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_TYPE_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include <optional>

#include "calls.h"
#include "reserve.h"

namespace shmflake_python {

struct SegmentObject;

void AddSegmentType(pybind11::module_& module);

// The handle of a Segment for one call, which is not closed while one of these lives, and what its
// reserve callable raised on this thread.
class SegmentUse {
 public:
  // TypeError when it is no Segment, ValueError when it is closed, RuntimeError in a callable.
  explicit SegmentUse(pybind11::handle segment);
  ~SegmentUse();
  SegmentUse(const SegmentUse&) = delete;
  SegmentUse& operator=(const SegmentUse&) = delete;

  [[nodiscard]] shmflake_segment* get() const;

  // After the library's call: throws what it must. `message` is shmflake_last_error() of then.
  void ThrowIfFailed(int code, const char* message, const pybind11::object& drawn) const;

 private:
  SegmentObject* const segment_;
  std::optional<CallOfThread> call_;
  Raised raised_;
};

// The same, for the call that opens it.
void ThrowIfFailed(const Raised& raised, int code, const char* message,
                   const pybind11::object& drawn);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_TYPE_H_
