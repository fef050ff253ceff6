// SPDX-License-Identifier: Apache-2.0
// One draw as a Python object: first with the GIL held, by the function that never waits; where
// that would have had to, without the GIL, by the one that may.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_DRAW_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_DRAW_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include <cstdint>

#include "errors.h"
#include "gil.h"
#include "results.h"
#include "uuid_maker.h"

namespace shmflake_python {

// Each has Value, which is drawn; AtOnce() and Waiting(), which draw it; Object(), which makes a new
// reference of it.
struct DrawId {
  using Value = std::uint64_t;
  static int AtOnce(shmflake* flake, Value* id) { return shmflake_next_nowait(flake, id); }
  static int Waiting(shmflake* flake, Value* id) { return shmflake_next(flake, id); }
  static PyObject* Object(const UuidMaker&, const Value& id) { return NewId(id); }
};

struct DrawUuid7 {
  struct Value {
    unsigned char bytes[16];
  };
  static int AtOnce(shmflake* flake, Value* uuid) {
    return shmflake_uuid7_nowait(flake, uuid->bytes);
  }
  static int Waiting(shmflake* flake, Value* uuid) { return shmflake_uuid7(flake, uuid->bytes); }
  static PyObject* Object(const UuidMaker& maker, const Value& uuid) {
    return maker.Make(uuid.bytes);
  }
};

struct DrawUlid {
  struct Value {
    char text[27];
  };
  static int AtOnce(shmflake* flake, Value* ulid) {
    return shmflake_ulid_nowait(flake, ulid->text);
  }
  static int Waiting(shmflake* flake, Value* ulid) { return shmflake_ulid(flake, ulid->text); }
  static PyObject* Object(const UuidMaker&, const Value& ulid) {
    return PyUnicode_FromStringAndSize(ulid.text, 26);
  }
};

// nullptr with an exception set. The handle must stay open meanwhile.
template <typename Kind>
PyObject* DrawWaiting(shmflake* flake, const UuidMaker& maker) {
  typename Kind::Value value;
  const int code = WithoutGil([&] { return Kind::Waiting(flake, &value); });
  if (code != 0) {
    SetError(code);
    return nullptr;
  }
  return Kind::Object(maker, value);
}

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_DRAW_H_
