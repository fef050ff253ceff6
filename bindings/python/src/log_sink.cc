// SPDX-License-Identifier: Apache-2.0
#include "log_sink.h"

#include "errors.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {

// The sink outlives the call: where its handle is closed meanwhile, shmflake_close() waits for the
// thread, or CloseHandle() leaves it to another one.
void LogSink::Call(int level, const char* event, const shmflake_log_field* fields,
                   std::size_t count) {
  PyObject* const called = Guarded([&]() -> PyObject* {
    py::dict values;
    for (std::size_t i = 0; i < count; ++i) {
      values[ToPython(fields[i].key)] = ToPython(fields[i].value);
    }
    (void)callback_.CallWith(py::make_tuple(level, ToPython(event), values));
    return Py_None;
  });
  if (called == nullptr) PyErr_WriteUnraisable(callable());
}

void LogSink::OnLog(void* context, int level, const char* event, const shmflake_log_field* fields,
                    std::size_t count) {
  auto* const self = static_cast<LogSink*>(context);
  (void)self->callback_.Run([=] { self->Call(level, event, fields, count); });
}

}  // namespace shmflake_python
