// SPDX-License-Identifier: Apache-2.0
// A Flake's bytes and its end. All of it needs the GIL, which guards every field.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_OBJECT_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_OBJECT_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include "calls.h"
#include "log_sink.h"
#include "uuid_maker.h"

namespace shmflake_python {

struct SegmentObject;

struct FlakeObject {
  PyObject_HEAD shmflake* open;  // what a new call uses; nullptr from close() on
  shmflake* handle;              // nullptr once it is really closed
  LogSink* log;                  // owned; nullptr without a callable
  PyObject* module;              // keeps `maker` alive
  const UuidMaker* maker;
  Calls calls;
  SegmentObject* segments;       // the first of those that are not closed
  Py_ssize_t segments_to_close;  // handles of segments, which must be closed before this one
};

// A call begins and ends. The end may close the handle.
void BeginCall(FlakeObject* self);
void EndCall(FlakeObject* self);

// No further call begins; the segments are closed, then the handle: now, or by the last call that is
// under way.
void CloseFlake(FlakeObject* self);

// Sets an exception and returns false when no call may begin.
bool MayCall(FlakeObject* self);

// Whether this thread is in a callable that must use neither the Flake nor its segments.
bool IsInCallableOf(const FlakeObject* self);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_OBJECT_H_
