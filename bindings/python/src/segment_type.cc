// SPDX-License-Identifier: Apache-2.0
#include "segment_type.h"

#include <string>

#include "arguments.h"
#include "errors.h"
#include "flake_type.h"
#include "gil.h"
#include "many.h"
#include "native_type.h"
#include "results.h"
#include "segment_object.h"
#include "segment_options.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

SegmentObject* SegmentOf(PyObject* self) { return reinterpret_cast<SegmentObject*>(self); }

// Segment(flake, tag, **options)
PyObject* New(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  return Guarded([&] {
    PyObject* flake_argument = nullptr;
    PyObject* tag_argument = nullptr;
    if (PyArg_ParseTuple(args, "OO:Segment", &flake_argument, &tag_argument) == 0) {
      throw PythonError();
    }
    const Use use(flake_argument);
    auto* const flake = reinterpret_cast<FlakeObject*>(flake_argument);
    const std::string tag = ToText(tag_argument, "tag");
    SegmentOptions options(
        keywords == nullptr ? py::dict() : py::reinterpret_borrow<py::dict>(keywords), flake);
    py::object made = Owned(type->tp_alloc(type, 0));  // all zero: closed
    SegmentObject* const self = SegmentOf(made.ptr());
    Py_INCREF(tag_argument);
    self->tag = tag_argument;

    Raised raised;
    shmflake_segment* handle = nullptr;
    const int code = WithoutGil(
        [&] { return shmflake_segment_open(use.get(), tag.c_str(), options.get(), &handle); });
    if (code != 0) ThrowIfFailed(raised, code, shmflake_last_error(), py::none());
    if (!OpenSegment(self, flake, handle, options.TakeReserve())) throw PythonError();
    ThrowIfFailed(raised, 0, "", py::none());
    return made.release().ptr();
  });
}

void Finalize(PyObject* self) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  CloseSegment(SegmentOf(self));
  PyErr_Restore(type, value, traceback);
}

void Deallocate(PyObject* self) {
  // A subclass's has done this already.
  if (PyObject_CallFinalizerFromDealloc(self) < 0) return;
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(SegmentOf(self)->tag);
  Py_CLEAR(SegmentOf(self)->flake);
  type->tp_free(self);
  Py_DECREF(type);
}

int Traverse(PyObject* self, visitproc visit, void* arg) {
#if PY_VERSION_HEX >= 0x03090000
  Py_VISIT(Py_TYPE(self));
#endif
  Py_VISIT(SegmentOf(self)->tag);
  Py_VISIT(SegmentOf(self)->flake);
  if (SegmentOf(self)->reserve != nullptr) Py_VISIT(SegmentOf(self)->reserve->callable());
  return 0;
}

[[gnu::noinline]] PyObject* NextIdSlowly(PyObject* self) {
  return Guarded([self] {
    const SegmentUse use(self);
    std::uint64_t id = 0;
    const int code = WithoutGil([&] { return shmflake_segment_next(use.get(), &id); });
    use.ThrowIfFailed(code, code == 0 ? "" : shmflake_last_error(), py::none());
    return NewId(id);
  });
}

PyObject* NextId(PyObject* self, PyObject*) {
  const SegmentObject* const segment = SegmentOf(self);
  std::uint64_t id;
  if (segment->open != nullptr && Callback::none_runs() &&
      shmflake_segment_next_nowait(segment->open, &id) == 0) [[likely]] {
    return NewId(id);
  }
  return NextIdSlowly(self);
}

PyObject* Iterate(PyObject* self) {
  if (!MayCall(SegmentOf(self))) return nullptr;
  Py_INCREF(self);
  return self;
}

PyObject* IterateNext(PyObject* self) { return NextId(self, nullptr); }

PyObject* Close(PyObject* self, PyObject*) {
  if (SegmentOf(self)->open != nullptr) {
    if (!MayCall(SegmentOf(self))) return nullptr;
    CloseSegment(SegmentOf(self));
  }
  Py_RETURN_NONE;
}

PyObject* Exit(PyObject* self, PyObject*) { return Close(self, nullptr); }

PyObject* IsClosed(PyObject* self, void*) {
  return PyBool_FromLong(SegmentOf(self)->open == nullptr);
}

PyObject* Tag(PyObject* self, void*) {
  Py_INCREF(SegmentOf(self)->tag);
  return SegmentOf(self)->tag;
}

PyMethodDef g_methods[] = {
    {"next_id", NextId, METH_NOARGS,
     "next_id($self, /)\n--\n\n"
     "Draw one ID of the tag: an int, 1 to 2**63 - 1.\n\n"
     "Holds the GIL, unless the next segment must be fetched: then it lets go of it, asks the\n"
     "store or reserve, and waits up to wait_timeout_ms of the Flake when no ID is left.\n"
     "next(segment) and iterating do the same. Raises SegmentError (RESERVE with what reserve\n"
     "raised as __cause__); LeaseError for the store's troubles, with its own words; what\n"
     "open() raises, when it follows a retired region; ValueError when closed. Thread-safe;\n"
     "fork-safe."},
    {"next_n", SegmentNextN, METH_O,
     "next_n($self, n, /)\n--\n\n"
     "Draw n >= 1 IDs of the tag: a list of int, ascending, not always contiguous.\n\n"
     "Lets go of the GIL, but for few that need not wait. wait_timeout_ms counts for the whole\n"
     "call; on failure the error's `drawn` has those that were drawn. Otherwise as next_id()."},
    {"fill", SegmentFill, METH_O,
     "fill($self, buffer, /)\n--\n\n"
     "Fill a writable buffer with IDs of the tag, ascending, and return how many.\n\n"
     "The buffers are those of Flake.fill(). On failure the error's `drawn` is how many IDs at\n"
     "its beginning are valid. Otherwise as next_n(), with n its length."},
    {"close", Close, METH_NOARGS,
     "close($self, /)\n--\n\n"
     "Give up the handle; what is left of the segment stays for others. May be called again.\n\n"
     "Calls of other threads that are under way end as they would have. Later calls raise\n"
     "ValueError. Waits only where the background thread is fetching, without the GIL."},
    {"__enter__", [](PyObject* self, PyObject*) { return Iterate(self); }, METH_NOARGS,
     "__enter__($self, /)\n--\n\nThe Segment itself; ValueError when it is closed."},
    {"__exit__", Exit, METH_VARARGS, "__exit__($self, /, *error)\n--\n\nclose()."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef g_attributes[] = {
    {"closed", IsClosed, nullptr, "Whether close() was called, or the Flake's.", nullptr},
    {"tag", Tag, nullptr, "The tag's name, a str.", nullptr},
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

PyType_Spec g_spec = {"shmflake._shmflake.Segment", sizeof(SegmentObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, g_slots};

SegmentObject* Checked(py::handle segment) {
  if (!IsOfNativeType(segment, Deallocate)) throw py::type_error("not a Segment");
  if (!MayCall(SegmentOf(segment.ptr()))) throw PythonError();
  BeginCall(SegmentOf(segment.ptr()));
  return SegmentOf(segment.ptr());
}

}  // namespace

void AddSegmentType(py::module_& module) {
  module.attr("Segment") = Owned(PyType_FromSpec(&g_spec));
}

SegmentUse::SegmentUse(py::handle segment) : segment_(Checked(segment)) {
  call_.emplace(&segment_->calls);
}

SegmentUse::~SegmentUse() {
  call_.reset();
  EndCall(segment_);
}

shmflake_segment* SegmentUse::get() const { return segment_->handle; }

void SegmentUse::ThrowIfFailed(int code, const char* message, const py::object& drawn) const {
  shmflake_python::ThrowIfFailed(raised_, code, message, drawn);
}

void ThrowIfFailed(const Raised& raised, int code, const char* message, const py::object& drawn) {
  if (raised.is_final()) {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised.last().ptr())), raised.last().ptr());
    throw PythonError();
  }
  if (code == 0) return;
  if (code == SHMFLAKE_E_RESERVE && raised.last()) {
    ThrowSayingFrom(code, message, drawn, raised.last());
  }
  ThrowSaying(code, message, drawn);
}

}  // namespace shmflake_python
