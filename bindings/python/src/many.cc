// SPDX-License-Identifier: Apache-2.0
#include "many.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "arguments.h"
#include "errors.h"
#include "flake_type.h"
#include "gil.h"
#include "id_buffer.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// Up to so many single draws that do not wait are as fast as letting go of the GIL for all of them,
// and leave it to no other thread, which would keep it for milliseconds.
constexpr std::size_t kDrawnHoldingGil = 16;

// Draws n IDs; *filled is how many are valid, also on failure. Returns the code. A log callable may
// fork in the call that waits, and both sides return: what was drawn before it would be in both,
// hence it is a gap.
int Draw(shmflake* flake, std::uint64_t* ids, std::size_t n, std::size_t* filled) {
  if (n <= kDrawnHoldingGil) {
    std::size_t drawn = 0;
    while (drawn < n && shmflake_next_nowait(flake, ids + drawn) == 0) ++drawn;
    if (drawn == n && n != 0) {
      *filled = n;
      return 0;
    }
  }
  return WithoutGil([&] { return shmflake_next_n(flake, ids, n, filled); });
}

template <typename T>
std::unique_ptr<T[]> Room(std::size_t n) {
  // At least one, so that the pointer is one when the library refuses n = 0.
  std::unique_ptr<T[]> room(new (std::nothrow) T[n + (n == 0)]);
  if (room == nullptr) throw std::bad_alloc();
  return room;
}

template <typename NewItem>
py::object List(std::size_t n, NewItem new_item) {
  py::object list = Owned(PyList_New(static_cast<Py_ssize_t>(n)));
  for (std::size_t i = 0; i < n; ++i) {
    PyList_SET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i), Owned(new_item(i)).release().ptr());
  }
  return list;
}

// For memory where no uint64_t may lie: all in one call, for the same reason.
int DrawUnaligned(shmflake* flake, char* out, std::size_t n, std::size_t* filled) {
  const auto ids = Room<std::uint64_t>(n);
  const int code = Draw(flake, ids.get(), n, filled);
  std::memcpy(out, ids.get(), *filled * sizeof(ids[0]));
  return code;
}

}  // namespace

PyObject* NextN(PyObject* self, PyObject* n) {
  return Guarded([&] {
    const std::size_t count = ToCount(n, "n");
    const Use use(self);
    const auto ids = Room<std::uint64_t>(count);
    std::size_t filled = 0;
    const int code = Draw(use.get(), ids.get(), count, &filled);
    const std::string message = code == 0 ? "" : shmflake_last_error();
    py::object list = List(filled, [&](std::size_t i) { return NewId(ids[i]); });
    if (code != 0) ThrowSaying(code, message.c_str(), list);
    return list.release().ptr();
  });
}

PyObject* Fill(PyObject* self, PyObject* buffer) {
  return Guarded([&] {
    const IdBuffer room(buffer);
    const Use use(self);
    std::size_t filled = 0;
    const int code = room.aligned() ? Draw(use.get(), reinterpret_cast<std::uint64_t*>(room.data()),
                                           room.count(), &filled)
                                    : DrawUnaligned(use.get(), room.data(), room.count(), &filled);
    if (code != 0) Throw(code, py::int_(filled));
    return Owned(PyLong_FromSize_t(filled)).release().ptr();
  });
}

PyObject* NextBlock(PyObject* self, PyObject* want) {
  return Guarded([&] {
    const std::size_t wanted = ToCount(want, "want");
    const Use use(self);
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    ThrowIfError(
        WithoutGil([&] { return shmflake_next_block(use.get(), wanted, &first, &count); }));
    const py::handle range(reinterpret_cast<PyObject*>(&PyRange_Type));
    return py::object(range(first, first + count)).release().ptr();
  });
}

PyObject* Uuid7N(PyObject* self, PyObject* n) {
  return Guarded([&] {
    const std::size_t count = ToCount(n, "n");
    const Use use(self);
    const auto uuids = Room<unsigned char[16]>(count);
    std::size_t filled = 0;
    const int code =
        WithoutGil([&] { return shmflake_uuid7_n(use.get(), uuids.get(), count, &filled); });
    const std::string message = code == 0 ? "" : shmflake_last_error();
    py::object list = List(filled, [&](std::size_t i) { return use.uuid_maker().Make(uuids[i]); });
    if (code != 0) ThrowSaying(code, message.c_str(), list);
    return list.release().ptr();
  });
}

}  // namespace shmflake_python
