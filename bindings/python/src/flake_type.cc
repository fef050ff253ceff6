// SPDX-License-Identifier: Apache-2.0
#include "flake_type.h"

#include <structmember.h>

#include <memory>

#include "arguments.h"
#include "draw.h"
#include "flake_object.h"
#include "many.h"
#include "native_type.h"
#include "options.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// The attribute of the type in which its module is found again.
constexpr const char* kModule = "_module";

FlakeObject* FlakeOf(PyObject* self) { return reinterpret_cast<FlakeObject*>(self); }

// Flake(name=None, **options)
PyObject* New(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  return Guarded([&] {
    py::dict options =
        keywords == nullptr ? py::dict() : py::reinterpret_steal<py::dict>(PyDict_Copy(keywords));
    PyObject* name_argument = nullptr;
    if (PyArg_ParseTuple(args, "|O:Flake", &name_argument) == 0) throw PythonError();
    py::object name = py::none();
    if (name_argument != nullptr) {
      name = py::reinterpret_borrow<py::object>(name_argument);
    } else if (options.contains("name")) {
      name = options["name"];
      PyDict_DelItemString(options.ptr(), "name");
    }
    const std::optional<std::string> text = ToTextOrNone(name, "name");
    Options converted(options);
    py::object module = py::handle(reinterpret_cast<PyObject*>(type)).attr(kModule);
    const UuidMaker& maker = UuidMaker::Of(module);
    py::object made = Owned(type->tp_alloc(type, 0));  // all zero: closed

    shmflake* handle = nullptr;
    ThrowIfError(
        WithoutGil([&] { return shmflake_open(PointerOf(text), converted.get(), &handle); }));
    FlakeObject* const self = FlakeOf(made.ptr());
    self->open = self->handle = handle;
    self->log = converted.TakeLog();
    self->module = module.release().ptr();
    self->maker = &maker;
    return made.release().ptr();
  });
}

void Finalize(PyObject* self) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  CloseFlake(FlakeOf(self));
  PyErr_Restore(type, value, traceback);
}

void Deallocate(PyObject* self) {
  // A subclass's has done this already.
  if (PyObject_CallFinalizerFromDealloc(self) < 0) return;
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(FlakeOf(self)->module);
  type->tp_free(self);
  Py_DECREF(type);
}

int Traverse(PyObject* self, visitproc visit, void* arg) {
#if PY_VERSION_HEX >= 0x03090000
  Py_VISIT(Py_TYPE(self));
#endif
  Py_VISIT(FlakeOf(self)->module);
  // While a call is under way its thread holds a reference that no object shows.
  if (FlakeOf(self)->log != nullptr) Py_VISIT(FlakeOf(self)->log->callable());
  return 0;
}

template <typename Kind>
[[gnu::noinline]] PyObject* DrawSlowly(PyObject* self) {
  return Guarded([self] {
    const Use use(self);
    return DrawWaiting<Kind>(use.get(), use.uuid_maker());
  });
}

template <typename Kind>
PyObject* Draw(PyObject* self, PyObject*) {
  const FlakeObject* const flake = FlakeOf(self);
  typename Kind::Value value;
  if (flake->open != nullptr && Callback::none_runs() && Kind::AtOnce(flake->open, &value) == 0)
      [[likely]] {
    return Kind::Object(*flake->maker, value);
  }
  return DrawSlowly<Kind>(self);
}

PyObject* Iterate(PyObject* self) {
  if (!MayCall(FlakeOf(self))) return nullptr;
  Py_INCREF(self);
  return self;
}

PyObject* IterateNext(PyObject* self) { return Draw<DrawId>(self, nullptr); }

PyObject* TryNext(PyObject* self, PyObject*) {
  if (!MayCall(FlakeOf(self))) return nullptr;
  std::uint64_t id = 0;
  const int code = shmflake_try_next(FlakeOf(self)->open, &id);
  if (code == 0) return NewId(id);
  SetError(code);
  return nullptr;
}

PyObject* Close(PyObject* self, PyObject*) {
  if (FlakeOf(self)->open != nullptr) {
    if (!MayCall(FlakeOf(self))) return nullptr;
    CloseFlake(FlakeOf(self));
  }
  Py_RETURN_NONE;
}

PyObject* Exit(PyObject* self, PyObject*) { return Close(self, nullptr); }

PyObject* IsClosed(PyObject* self, void*) {
  return PyBool_FromLong(FlakeOf(self)->open == nullptr);
}

PyMethodDef g_methods[] = {
    {"next", Draw<DrawId>, METH_NOARGS,
     "next($self, /)\n--\n\n"
     "Draw one ID: an int, 1 to 2**63 - 1.\n\n"
     "Waits up to wait_timeout_ms, without the GIL, where the sequence is used up, the clock\n"
     "is behind or the lease must be extended; else it holds the GIL. next(flake) and\n"
     "iterating do the same. Raises DrawError, LeaseError, RegionError; what open() raises,\n"
     "when the region was retired and it follows to the next one; ValueError when closed."},
    {"try_next", TryNext, METH_NOARGS,
     "try_next($self, /)\n--\n\n"
     "Draw one ID or fail at once, with DrawError, LeaseError (CEILING) or RegionError.\n\n"
     "Never blocks: it neither extends the lease nor follows a retired region. Where nothing\n"
     "but try_next() is called, it runs into CEILING after horizon_ms."},
    {"uuid7", Draw<DrawUuid7>, METH_NOARGS,
     "uuid7($self, /)\n--\n\n"
     "Draw a UUIDv7: a uuid.UUID. Ascends over all processes, in either ordering.\n\n"
     "Waits and fails as next()."},
    {"ulid", Draw<DrawUlid>, METH_NOARGS,
     "ulid($self, /)\n--\n\n"
     "Draw a ULID: a str of 26 characters. Shares the counter of uuid7().\n\n"
     "Waits and fails as next()."},
    {"next_n", NextN, METH_O,
     "next_n($self, n, /)\n--\n\n"
     "Draw n >= 1 IDs: a list of int, ascending.\n\n"
     "Lets go of the GIL, but for few that need not wait. wait_timeout_ms counts for the whole\n"
     "call; on failure the error's `drawn` has those that were drawn. Otherwise as next()."},
    {"fill", Fill, METH_O,
     "fill($self, buffer, /)\n--\n\n"
     "Fill a writable buffer with IDs, ascending, and return how many.\n\n"
     "The buffer has 8-byte integers in this machine's byte order: array.array('q'), a\n"
     "numpy.ndarray of int64 or uint64, a memoryview of them; or it is a bytearray or the like\n"
     "whose size is a multiple of 8. It must be C-contiguous. On failure the error's `drawn`\n"
     "is how many IDs at its beginning are valid. Otherwise as next_n(), with n its length.\n\n"
     "Raises TypeError, ValueError or BufferError for a buffer that will not do."},
    {"next_block", NextBlock, METH_O,
     "next_block($self, want, /)\n--\n\n"
     "Draw up to `want` contiguous IDs in one atomic step: a range.\n\n"
     "A block does not cross a tick, so that it is often shorter than what was wanted; it has\n"
     "at least one ID. Lets go of the GIL. Raises what next() does; ArgumentError (LAYOUT)\n"
     "when the worker ID is behind the sequence."},
    {"uuid7_n", Uuid7N, METH_O,
     "uuid7_n($self, n, /)\n--\n\n"
     "Draw n >= 1 UUIDv7: a list of uuid.UUID, ascending. Otherwise as next_n()."},
    {"close", Close, METH_NOARGS,
     "close($self, /)\n--\n\n"
     "Detach from the region, which stays for others. May be called again.\n\n"
     "Its Segments are closed first. Calls of other threads that are under way end as they\n"
     "would have; the last of them detaches. Later calls raise ValueError. Does not wait, but\n"
     "that it joins the background thread, without the GIL."},
    {"__enter__", [](PyObject* self, PyObject*) { return Iterate(self); }, METH_NOARGS,
     "__enter__($self, /)\n--\n\nThe Flake itself; ValueError when it is closed."},
    {"__exit__", Exit, METH_VARARGS, "__exit__($self, /, *error)\n--\n\nclose()."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef g_attributes[] = {
    {"closed", IsClosed, nullptr, "Whether close() was called.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot g_slots[] = {
    {Py_tp_new, Slot(New)},
    {Py_tp_finalize, Slot(Finalize)},
    {Py_tp_dealloc, Slot(Deallocate)},
    {Py_tp_traverse, Slot(Traverse)},
    {Py_tp_iter, Slot(Iterate)},
    {Py_tp_iternext, Slot(IterateNext)},
    {Py_tp_methods, g_methods},
    {Py_tp_getset, g_attributes},
    {0, nullptr},
};

PyType_Spec g_spec = {"shmflake._shmflake.Flake", sizeof(FlakeObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, g_slots};

}  // namespace

void AddFlakeType(py::module_& module) {
  const py::object type = Owned(PyType_FromSpec(&g_spec));
  type.attr(kModule) = module;
  module.attr("Flake") = type;
}

Use::Use(py::handle flake) : flake_(FlakeOf(flake.ptr())) {
  if (!IsOfNativeType(flake, Deallocate)) throw py::type_error("not a Flake");
  if (!MayCall(flake_)) throw PythonError();
  BeginCall(flake_);
  call_.emplace(&flake_->calls);
}

Use::~Use() {
  call_.reset();
  EndCall(flake_);
}

shmflake* Use::get() const { return flake_->handle; }

const UuidMaker& Use::uuid_maker() const { return *flake_->maker; }

}  // namespace shmflake_python
