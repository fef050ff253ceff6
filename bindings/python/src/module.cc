// SPDX-License-Identifier: Apache-2.0
// The native module shmflake._shmflake: translates shmflake.h, and leaves taste to the Python files
// beside it. Initialised in two phases, so that each interpreter has a module, and a uuid.UUID, of
// its own; PYBIND11_MODULE would make one for all.
#include <pthread.h>
#include <pybind11/pybind11.h>

#include <new>

#include "callback.h"
#include "calls.h"
#include "default_flake.h"
#include "errors.h"
#include "flake_type.h"
#include "lease_records.h"
#include "names.h"
#include "records.h"
#include "segment_records.h"
#include "segment_type.h"
#include "text_forms.h"
#include "uuid_maker.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

UuidMaker* MakerOf(PyObject* module) { return static_cast<UuidMaker*>(PyModule_GetState(module)); }

// Once a process, whatever interpreters there are. The handle itself needs no handler.
void RegisterForkHandler() {
  static const int error = pthread_atfork(nullptr, nullptr, [] {
    CallOfThread::AfterForkInChild();
    Callback::AfterForkInChild();
  });
  if (error != 0) throw std::bad_alloc();
}

int Execute(PyObject* object) {
  const bool executed = Guarded([object]() -> PyObject* {
                          py::detail::get_internals();
                          auto module = py::reinterpret_borrow<py::module_>(object);
                          if (!MakerOf(object)->Load()) throw PythonError();
                          RegisterForkHandler();
                          AddErrors();
                          AddDefaultDraws(module);
                          AddFlakeType(module);
                          AddSegmentType(module);
                          AddRecords(module);
                          AddSegmentRecords(module);
                          AddLeaseRecords(module);
                          AddTextForms(module);
                          AddNames(module);
                          return object;
                        }) != nullptr;
  return executed ? 0 : -1;
}

// The state is there from the first execution on.
int Traverse(PyObject* module, visitproc visit, void* arg) {
  const UuidMaker* const maker = MakerOf(module);
  return maker == nullptr ? 0 : maker->Traverse(visit, arg);
}

int Clear(PyObject* module) {
  if (UuidMaker* const maker = MakerOf(module); maker != nullptr) maker->Clear();
  return 0;
}

void Free(void* module) { Clear(static_cast<PyObject*>(module)); }

PyModuleDef_Slot g_slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(Execute)},
    {0, nullptr},
};

PyModuleDef g_definition = {PyModuleDef_HEAD_INIT,
                            "_shmflake",
                            "The native part of shmflake; private.",
                            sizeof(UuidMaker),
                            nullptr,
                            g_slots,
                            Traverse,
                            Clear,
                            Free};

}  // namespace

const UuidMaker& UuidMaker::Of(py::handle module) {
  if (!PyModule_Check(module.ptr()) || PyModule_GetDef(module.ptr()) != &g_definition) {
    throw py::type_error("not the native module of shmflake");
  }
  return *MakerOf(module.ptr());
}

}  // namespace shmflake_python

// PyMODINIT_FUNC leaves it hidden before Python 3.9.
extern "C" PYBIND11_EXPORT PyObject* PyInit__shmflake() {
  return PyModuleDef_Init(&shmflake_python::g_definition);
}
