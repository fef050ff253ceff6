// SPDX-License-Identifier: Apache-2.0
#include "segment_object.h"

#include <new>
#include <utility>

#include "gil.h"

namespace shmflake_python {
namespace {

struct Closing {
  shmflake_segment* handle;
  Reserve* reserve;
  FlakeObject* flake;  // owned: it is closed after this
};

void CloseNow(const Closing& closing) {
  --closing.flake->segments_to_close;
  BeginCall(closing.flake);
  WithoutGil([&closing] {
    shmflake_segment_close(closing.handle);
    return 0;
  });
  delete closing.reserve;
  EndCall(closing.flake);
  Py_DECREF(closing.flake);
}

int CloseLater(void* context) {
  auto* const closing = static_cast<Closing*>(context);
  CloseNow(*closing);
  delete closing;
  return 0;
}

void CloseHandle(SegmentObject* self) {
  Py_INCREF(self->flake);
  const Closing closing{std::exchange(self->handle, nullptr), std::exchange(self->reserve, nullptr),
                        self->flake};
  if (!IsInCallableOf(self->flake)) {
    CloseNow(closing);
    return;
  }
  // The garbage collector found the Segment while a callable ran, maybe on the background thread,
  // which closing waits for. The main thread closes it when it can; without memory nobody does.
  auto* const later = new (std::nothrow) Closing(closing);
  if (later != nullptr && Py_AddPendingCall(CloseLater, later) != 0) delete later;
}

void LeaveList(SegmentObject* self) {
  if (self->previous != nullptr) self->previous->next = self->next;
  if (self->next != nullptr) self->next->previous = self->previous;
  if (self->flake->segments == self) self->flake->segments = self->next;
  self->previous = self->next = nullptr;
}

}  // namespace

bool OpenSegment(SegmentObject* self, FlakeObject* flake, shmflake_segment* handle,
                 Reserve* reserve) {
  Py_INCREF(flake);
  self->flake = flake;
  self->open = self->handle = handle;
  self->reserve = reserve;
  ++flake->segments_to_close;
  self->next = flake->segments;
  if (self->next != nullptr) self->next->previous = self;
  flake->segments = self;
  if (flake->open != nullptr) return true;
  CloseSegment(self);
  return MayCall(flake);
}

void BeginCall(SegmentObject* self) {
  self->calls.Begin();
  Py_INCREF(self);
}

void EndCall(SegmentObject* self) {
  if (self->calls.End() && self->open == nullptr && self->handle != nullptr) CloseHandle(self);
  Py_DECREF(self);
}

void CloseSegment(SegmentObject* self) {
  if (self->open == nullptr) return;
  self->open = nullptr;
  LeaveList(self);
  if (!self->calls.any()) CloseHandle(self);
}

bool MayCall(SegmentObject* self) {
  if (self->open != nullptr) return Callback::none_runs() || MayCall(self->flake);
  PyErr_SetString(PyExc_ValueError, "operation on a closed Segment");
  return false;
}

}  // namespace shmflake_python
