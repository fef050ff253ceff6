// SPDX-License-Identifier: Apache-2.0
// A Segment's bytes and its end. All of it needs the GIL, which guards every field.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_OBJECT_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_OBJECT_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include "calls.h"
#include "flake_object.h"
#include "reserve.h"

namespace shmflake_python {

struct SegmentObject {
  PyObject_HEAD shmflake_segment* open;  // what a new call uses; nullptr from close() on
  shmflake_segment* handle;              // nullptr once it is really closed
  FlakeObject* flake;                    // owned
  Reserve* reserve;                      // owned; nullptr without a callable
  PyObject* tag;
  Calls calls;
  SegmentObject* previous;  // in the Flake's list, from opening to closing
  SegmentObject* next;
};

// Gives the object what was opened. When the Flake was closed meanwhile, so is this, with an
// exception set, and false.
bool OpenSegment(SegmentObject* self, FlakeObject* flake, shmflake_segment* handle,
                 Reserve* reserve);

void BeginCall(SegmentObject* self);
void EndCall(SegmentObject* self);

// No further call begins; the handle is closed now, or by the last call that is under way.
void CloseSegment(SegmentObject* self);

// Sets an exception and returns false when no call may begin.
bool MayCall(SegmentObject* self);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_OBJECT_H_
