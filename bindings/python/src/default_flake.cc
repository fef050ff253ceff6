// SPDX-License-Identifier: Apache-2.0
#include "default_flake.h"

#include <atomic>

#include "draw.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// Opened at first use and never closed. No Python object hangs on it, so that all interpreters and
// all copies of the module share it.
std::atomic<shmflake*> g_default{nullptr};

// Threads that come at once open one each, and the first is kept: a lock here could be held by
// another thread when os.fork() copies it. nullptr with an exception set; the next call tries anew.
shmflake* OpenDefault() {
  shmflake* opened = nullptr;
  const int code = WithoutGil([&] { return shmflake_open(nullptr, nullptr, &opened); });
  if (code != 0) {
    SetError(code);
    return nullptr;
  }
  shmflake* first = nullptr;
  // Release: the handle's bytes come before it; partner: the acquire in Draw() and here.
  if (g_default.compare_exchange_strong(first, opened, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
    return opened;
  }
  WithoutGil([opened] {
    shmflake_close(opened);
    return 0;
  });
  return first;
}

const UuidMaker& MakerOf(PyObject* module) {
  return *static_cast<const UuidMaker*>(PyModule_GetState(module));
}

template <typename Kind>
[[gnu::noinline]] PyObject* DrawSlowly(PyObject* module) {
  shmflake* flake = g_default.load(std::memory_order_acquire);
  if (flake == nullptr) flake = OpenDefault();
  return flake == nullptr ? nullptr : DrawWaiting<Kind>(flake, MakerOf(module));
}

template <typename Kind>
PyObject* Draw(PyObject* module, PyObject*) {
  shmflake* const flake = g_default.load(std::memory_order_acquire);
  typename Kind::Value value;
  if (flake != nullptr && Kind::AtOnce(flake, &value) == 0) [[likely]] {
    return Kind::Object(MakerOf(module), value);
  }
  return DrawSlowly<Kind>(module);
}

PyMethodDef g_draws[] = {
    {"next_id", Draw<DrawId>, METH_NOARGS,
     "next_id($module, /)\n--\n\n"
     "Draw a 64-bit ID: an int, 1 to 2**63 - 1, that no other call gets.\n\n"
     "It comes from the region \"default\", which is configured by the environment and by\n"
     "snowflake.toml alone, and is opened at the first call. In strict ordering (the default)\n"
     "it is larger than every ID whose draw ended before this call began, in any process.\n\n"
     "Raises shmflake.Error: whatever open() raises, at the first call (the next one tries\n"
     "again); DrawError and LeaseError when none can be had within wait_timeout_ms.\n"
     "Safe in threads and after os.fork(). Holds the GIL, unless it has to wait."},
    {"uuid7", Draw<DrawUuid7>, METH_NOARGS,
     "uuid7($module, /)\n--\n\n"
     "Draw a UUIDv7 (RFC 9562): a uuid.UUID, larger than every one drawn before.\n\n"
     "48 bits of Unix milliseconds, a 16-bit counter that all processes share, and 58\n"
     "cryptographically random bits. From the region \"default\", as next_id(), whose errors it\n"
     "has. Safe in threads and after os.fork(). Holds the GIL, unless it has to wait."},
    {"ulid", Draw<DrawUlid>, METH_NOARGS,
     "ulid($module, /)\n--\n\n"
     "Draw a ULID: a str of 26 characters (Crockford's base32) that sorts by time.\n\n"
     "It shares the counter of uuid7(), so that both ascend in one common order. From the\n"
     "region \"default\", as next_id(), whose errors it has. Safe in threads and after\n"
     "os.fork(). Holds the GIL, unless it has to wait."},
};

}  // namespace

void AddDefaultDraws(py::module_& module) {
  // "shmflake" is where they are found again: Django writes it into a migration, pickle into a job.
  const py::str public_name("shmflake");
  for (PyMethodDef& draw : g_draws) {
    module.add_object(draw.ml_name,
                      Owned(PyCFunction_NewEx(&draw, module.ptr(), public_name.ptr())));
  }
}

}  // namespace shmflake_python
