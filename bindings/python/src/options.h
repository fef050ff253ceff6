// SPDX-License-Identifier: Apache-2.0
// Keyword arguments as shmflake_options.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_OPTIONS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_OPTIONS_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "log_sink.h"

namespace shmflake_python {

// Owns what the struct points to. None stands for what was not given; a 0 is a value like others.
class Options {
 public:
  // TypeError for an unknown keyword or a wrong type, OverflowError, ValueError.
  explicit Options(const pybind11::dict& keywords);

  [[nodiscard]] const shmflake_options* get() const { return &options_; }

  // The callable, for as long as the handle lives; nullptr if none was given.
  [[nodiscard]] LogSink* TakeLog() { return log_.release(); }

  // Fills one field; a row of the table.
  using Setter = void (*)(Options& self, const char* name, pybind11::handle value);

 private:
  friend struct Setters;

  shmflake_options options_ = SHMFLAKE_OPTIONS_INIT;
  std::deque<std::string> texts_;  // its strings do not move
  std::unique_ptr<LogSink> log_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_OPTIONS_H_
