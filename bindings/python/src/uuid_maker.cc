// SPDX-License-Identifier: Apache-2.0
#include "uuid_maker.h"

#include "errors.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// The descriptor of a slot that `type` itself defines; nullptr if there is none.
PyObject* SlotOf(const py::object& type, const char* name) {
  const py::object names = type.attr("__dict__");
  if (!names.contains(name)) return nullptr;
  py::object descriptor = names[name];
  if (Py_TYPE(descriptor.ptr()) != &PyMemberDescr_Type) return nullptr;
  return descriptor.release().ptr();
}

PyObject* NewInt(const unsigned char bytes[16]) {
#if PY_VERSION_HEX >= 0x030D0000
  return PyLong_FromUnsignedNativeBytes(bytes, 16, Py_ASNATIVEBYTES_BIG_ENDIAN);
#else
  return _PyLong_FromByteArray(bytes, 16, /*little_endian=*/0, /*is_signed=*/0);
#endif
}

bool SetSlot(PyObject* slot, PyObject* object, PyObject* value) {
  return Py_TYPE(slot)->tp_descr_set(slot, object, value) == 0;
}

}  // namespace

bool UuidMaker::Load() {
  return Guarded([this]() -> PyObject* {
           const py::module_ uuid = py::module_::import("uuid");
           const py::object type = uuid.attr("UUID");
           if (!PyType_Check(type.ptr())) throw py::type_error("uuid.UUID is no class");
           unknown_ = py::object(uuid.attr("SafeUUID").attr("unknown")).release().ptr();
           int_slot_ = SlotOf(type, "int");
           is_safe_slot_ = SlotOf(type, "is_safe");
           type_ = reinterpret_cast<PyTypeObject*>(type.inc_ref().ptr());
           return Py_None;
         }) != nullptr;
}

PyObject* UuidMaker::Make(const unsigned char bytes[16]) const {
  if (type_ == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "the interpreter is ending");
    return nullptr;
  }
  if (int_slot_ == nullptr || is_safe_slot_ == nullptr) {
    return Guarded([&] {
      const py::bytes value(reinterpret_cast<const char*>(bytes), 16);
      const py::object made = py::handle(reinterpret_cast<PyObject*>(type_))(
          py::none(), value);  // UUID(hex=None, bytes=value)
      return py::object(made).release().ptr();
    });
  }
  PyObject* const value = NewInt(bytes);
  if (value == nullptr) return nullptr;
  PyObject* made = type_->tp_alloc(type_, 0);
  if (made != nullptr &&
      (!SetSlot(int_slot_, made, value) || !SetSlot(is_safe_slot_, made, unknown_))) {
    Py_CLEAR(made);
  }
  Py_DECREF(value);
  return made;
}

int UuidMaker::Traverse(visitproc visit, void* arg) const {
  Py_VISIT(type_);
  Py_VISIT(int_slot_);
  Py_VISIT(is_safe_slot_);
  Py_VISIT(unknown_);
  return 0;
}

void UuidMaker::Clear() {
  Py_CLEAR(type_);
  Py_CLEAR(int_slot_);
  Py_CLEAR(is_safe_slot_);
  Py_CLEAR(unknown_);
}

}  // namespace shmflake_python
