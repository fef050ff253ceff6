// SPDX-License-Identifier: Apache-2.0
// A Flake's bytes and its end. All of it needs the GIL, which guards every field.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_OBJECT_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_OBJECT_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>
#include <sys/types.h>

#include "log_sink.h"
#include "uuid_maker.h"

namespace shmflake_python {

struct FlakeObject {
  PyObject_HEAD shmflake* open;  // what a new call uses; nullptr from close() on
  shmflake* handle;              // nullptr once it is really closed
  LogSink* log;                  // owned; nullptr without a callable
  PyObject* module;              // keeps `maker` alive
  const UuidMaker* maker;
  Py_ssize_t calls;  // that may have let go of the GIL
  pid_t calls_of;    // the process that counted them
};

// In a child: nobody is inside a call.
void ForgetCalls(FlakeObject* self);

// A call begins and ends. The end may close the handle.
void BeginCall(FlakeObject* self);
void EndCall(FlakeObject* self);

// No further call begins; the handle is closed now, or by the last call that is under way.
void CloseFlake(FlakeObject* self);

// Sets an exception and returns false when no call may begin.
bool MayCall(FlakeObject* self);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_FLAKE_OBJECT_H_
