// SPDX-License-Identifier: Apache-2.0
#include "flake_object.h"

#include <unistd.h>

#include <new>
#include <utility>

#include "gil.h"

namespace shmflake_python {
namespace {

struct Closing {
  shmflake* handle;
  LogSink* log;
};

void CloseNow(const Closing& closing) {
  WithoutGil([&closing] {
    shmflake_close(closing.handle);
    return 0;
  });
  delete closing.log;
}

int CloseLater(void* context) {
  auto* const closing = static_cast<Closing*>(context);
  CloseNow(*closing);
  delete closing;
  return 0;
}

void CloseHandle(FlakeObject* self) {
  const Closing closing{std::exchange(self->handle, nullptr), std::exchange(self->log, nullptr)};
  if (closing.log == nullptr || !closing.log->RunsOnThisThread()) {
    CloseNow(closing);
    return;
  }
  // The garbage collector found the Flake while its log callable ran, maybe on the thread that
  // closing joins. The main thread closes it when it can; without memory nobody does.
  auto* const later = new (std::nothrow) Closing(closing);
  if (later != nullptr && Py_AddPendingCall(CloseLater, later) != 0) delete later;
}

}  // namespace

void ForgetCalls(FlakeObject* self) {
  self->calls = 0;
  self->calls_of = getpid();
}

void BeginCall(FlakeObject* self) {
  // A child has none of the threads that were inside a call when it was forked.
  if (self->calls_of != getpid()) ForgetCalls(self);
  Py_INCREF(self);
  ++self->calls;
}

void EndCall(FlakeObject* self) {
  if (--self->calls == 0 && self->open == nullptr) CloseHandle(self);
  Py_DECREF(self);
}

void CloseFlake(FlakeObject* self) {
  self->open = nullptr;
  const bool in_use = self->calls > 0 && self->calls_of == getpid();
  if (self->handle != nullptr && !in_use) CloseHandle(self);
}

bool MayCall(FlakeObject* self) {
  if (self->open == nullptr) {
    PyErr_SetString(PyExc_ValueError, "operation on a closed Flake");
    return false;
  }
  if (self->log != nullptr && self->log->RunsOnThisThread()) {
    PyErr_SetString(PyExc_RuntimeError, "a log callable must not use the Flake that it logs for");
    return false;
  }
  return true;
}

}  // namespace shmflake_python
