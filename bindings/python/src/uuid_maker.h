// SPDX-License-Identifier: Apache-2.0
// Builds uuid.UUID objects as uuid.UUID(bytes=...) would, without running its __init__: that takes
// seven times as long as the draw.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_UUID_MAKER_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_UUID_MAKER_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// The state of a native module, one for each interpreter. All zero until Load().
class UuidMaker {
 public:
  // The state of `module`; TypeError when that is no native module of shmflake.
  static const UuidMaker& Of(pybind11::handle module);

  // Looks up what it needs in the module uuid. False with an exception set.
  bool Load();

  // A new reference, or nullptr with an exception set. RuntimeError after Clear().
  PyObject* Make(const unsigned char bytes[16]) const;

  int Traverse(visitproc visit, void* arg) const;
  void Clear();

 private:
  PyTypeObject* type_;
  // The slots as member descriptors, or nullptr where UUID has none: then its constructor is called.
  PyObject* int_slot_;
  PyObject* is_safe_slot_;
  PyObject* unknown_;  // SafeUUID.unknown, what the constructor sets
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_UUID_MAKER_H_
