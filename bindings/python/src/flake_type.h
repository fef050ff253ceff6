// SPDX-License-Identifier: Apache-2.0
// The native base of shmflake.Flake: opens, draws single IDs, closes. A type made by hand, since
// pybind11's dispatcher takes five times as long as a draw, and its objects can be made by
// __new__() without their C++ part, which the next method then reads.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_TYPE_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_TYPE_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include <optional>

#include "calls.h"
#include "uuid_maker.h"

namespace shmflake_python {

struct FlakeObject;

// Adds the type, and its options' names, to the module, whose state must be a UuidMaker.
void AddFlakeType(pybind11::module_& module);

// The handle of a Flake for one call. While one of these lives, the handle is not closed: when
// close() came meanwhile, the last of them does it.
class Use {
 public:
  // TypeError when it is no Flake, ValueError when it is closed, RuntimeError in a callable of it.
  explicit Use(pybind11::handle flake);
  ~Use();
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  [[nodiscard]] shmflake* get() const;
  [[nodiscard]] const UuidMaker& uuid_maker() const;

 private:
  FlakeObject* flake_;
  std::optional<CallOfThread> call_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_TYPE_H_
