// SPDX-License-Identifier: Apache-2.0
#include "many.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "arguments.h"
#include "callback.h"
#include "errors.h"
#include "flake_type.h"
#include "gil.h"
#include "id_buffer.h"
#include "results.h"
#include "segment_type.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// Up to so many single draws that do not wait are as fast as letting go of the GIL for all of them,
// and leave it to no other thread, which would keep it for milliseconds.
constexpr std::size_t kDrawnHoldingGil = 16;

// Where IDs are drawn from: a Flake, or a Segment.
struct FlakeIds {
  using Use = shmflake_python::Use;
  // A log callable may fork in the call that waits, and both sides return: what was drawn before it
  // would be in both, hence it is a gap.
  static constexpr bool kKeepsFirst = false;
  static int AtOnce(shmflake* flake, std::uint64_t* id) { return shmflake_next_nowait(flake, id); }
  static int Many(shmflake* flake, std::uint64_t* ids, std::size_t n, std::size_t* filled) {
    return shmflake_next_n(flake, ids, n, filled);
  }
  static void ThrowIfFailed(const Use&, int code, const char* message, const py::object& drawn) {
    if (code != 0) ThrowSaying(code, message, drawn);
  }
};

struct SegmentIds {
  using Use = SegmentUse;
  // These are dense: a child draws anew, the parent keeps what it has.
  static constexpr bool kKeepsFirst = true;
  static int AtOnce(shmflake_segment* segment, std::uint64_t* id) {
    return shmflake_segment_next_nowait(segment, id);
  }
  static int Many(shmflake_segment* segment, std::uint64_t* ids, std::size_t n,
                  std::size_t* filled) {
    return shmflake_segment_next_n(segment, ids, n, filled);
  }
  static void ThrowIfFailed(const Use& use, int code, const char* message,
                            const py::object& drawn) {
    use.ThrowIfFailed(code, message, drawn);
  }
};

// Draws n IDs; *filled is how many are valid, also on failure. Returns the code.
template <typename Ids, typename Handle>
int Draw(Handle* handle, std::uint64_t* ids, std::size_t n, std::size_t* filled) {
  std::size_t drawn = 0;
  if (n <= kDrawnHoldingGil) {
    while (drawn < n && Ids::AtOnce(handle, ids + drawn) == 0) ++drawn;
    if (drawn == n && n != 0) {
      *filled = n;
      return 0;
    }
  }
  const std::uint64_t forks = Callback::forks();
  const std::size_t kept = Ids::kKeepsFirst ? drawn : 0;
  const int code = WithoutGil([&] { return Ids::Many(handle, ids + kept, n - kept, filled); });
  if (kept != 0 && Callback::forks() != forks) return Draw<Ids>(handle, ids, n, filled);
  *filled += kept;
  return code;
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
template <typename Ids, typename Handle>
int DrawUnaligned(Handle* handle, char* out, std::size_t n, std::size_t* filled) {
  const auto ids = Room<std::uint64_t>(n);
  const int code = Draw<Ids>(handle, ids.get(), n, filled);
  std::memcpy(out, ids.get(), *filled * sizeof(ids[0]));
  return code;
}

template <typename Ids>
PyObject* NextNOf(PyObject* self, PyObject* n) {
  return Guarded([&] {
    const std::size_t count = ToCount(n, "n");
    const typename Ids::Use use(self);
    const auto ids = Room<std::uint64_t>(count);
    std::size_t filled = 0;
    const int code = Draw<Ids>(use.get(), ids.get(), count, &filled);
    const std::string message = code == 0 ? "" : shmflake_last_error();
    py::object list = List(filled, [&](std::size_t i) { return NewId(ids[i]); });
    Ids::ThrowIfFailed(use, code, message.c_str(), list);
    return list.release().ptr();
  });
}

template <typename Ids>
PyObject* FillOf(PyObject* self, PyObject* buffer) {
  return Guarded([&] {
    const IdBuffer room(buffer);
    const typename Ids::Use use(self);
    std::size_t filled = 0;
    const int code = room.aligned()
                         ? Draw<Ids>(use.get(), reinterpret_cast<std::uint64_t*>(room.data()),
                                     room.count(), &filled)
                         : DrawUnaligned<Ids>(use.get(), room.data(), room.count(), &filled);
    const std::string message = code == 0 ? "" : shmflake_last_error();
    Ids::ThrowIfFailed(use, code, message.c_str(), py::int_(filled));
    return Owned(PyLong_FromSize_t(filled)).release().ptr();
  });
}

}  // namespace

PyObject* NextN(PyObject* self, PyObject* n) { return NextNOf<FlakeIds>(self, n); }

PyObject* Fill(PyObject* self, PyObject* buffer) { return FillOf<FlakeIds>(self, buffer); }

PyObject* SegmentNextN(PyObject* self, PyObject* n) { return NextNOf<SegmentIds>(self, n); }

PyObject* SegmentFill(PyObject* self, PyObject* buffer) { return FillOf<SegmentIds>(self, buffer); }

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
