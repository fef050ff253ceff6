// SPDX-License-Identifier: Apache-2.0
// Keyword arguments as shmflake_segment_options.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_OPTIONS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_OPTIONS_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include <memory>
#include <string>

#include "reserve.h"

namespace shmflake_python {

// Owns what the struct points to. None stands for what was not given.
class SegmentOptions {
 public:
  // TypeError for an unknown keyword or a wrong type, OverflowError, ValueError.
  SegmentOptions(const pybind11::dict& keywords, const FlakeObject* flake);

  [[nodiscard]] const shmflake_segment_options* get() const { return &options_; }

  // The callable, for as long as the handle lives; nullptr if none was given.
  [[nodiscard]] Reserve* TakeReserve() { return reserve_.release(); }

 private:
  void Set(const std::string& name, pybind11::handle value, const FlakeObject* flake);

  shmflake_segment_options options_ = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  std::string store_;
  std::unique_ptr<Reserve> reserve_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_OPTIONS_H_
