// SPDX-License-Identifier: Apache-2.0
#include "flake_object.h"

#include <new>
#include <utility>

#include "gil.h"
#include "segment_object.h"

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
  const bool later = IsInCallableOf(self);
  const Closing closing{std::exchange(self->handle, nullptr), std::exchange(self->log, nullptr)};
  if (!later) {
    CloseNow(closing);
    return;
  }
  // The garbage collector found the Flake while a callable of it ran, maybe on the thread that
  // closing joins. The main thread closes it when it can; without memory nobody does.
  auto* const copy = new (std::nothrow) Closing(closing);
  if (copy != nullptr && Py_AddPendingCall(CloseLater, copy) != 0) delete copy;
}

void CloseHandleIfUnused(FlakeObject* self) {
  if (self->open == nullptr && self->handle != nullptr && self->segments_to_close == 0 &&
      !self->calls.any()) {
    CloseHandle(self);
  }
}

}  // namespace

void BeginCall(FlakeObject* self) {
  self->calls.Begin();
  Py_INCREF(self);
}

void EndCall(FlakeObject* self) {
  if (self->calls.End()) CloseHandleIfUnused(self);
  Py_DECREF(self);
}

void CloseFlake(FlakeObject* self) {
  self->open = nullptr;
  while (self->segments != nullptr) CloseSegment(self->segments);
  CloseHandleIfUnused(self);
}

bool IsInCallableOf(const FlakeObject* self) {
  return Callback::RunsOnThisThread(self) ||
         (self->log != nullptr && self->log->RunsOnThisThread());
}

bool MayCall(FlakeObject* self) {
  if (self->open == nullptr) {
    PyErr_SetString(PyExc_ValueError, "operation on a closed Flake");
    return false;
  }
  if (!Callback::none_runs() && IsInCallableOf(self)) {
    const bool reserves = Callback::RunsOnThisThread(self);
    PyErr_Format(PyExc_RuntimeError, "a %s callable must not use the Flake that it %s for",
                 reserves ? "reserve" : "log", reserves ? "reserves" : "logs");
    return false;
  }
  return true;
}

}  // namespace shmflake_python
