// SPDX-License-Identifier: Apache-2.0
// What Python itself costs: builtins that make the same objects as the binding's, from no draw.
#include <Python.h>
#include <structmember.h>

#include <cstdint>

namespace {

PyTypeObject* g_uuid_type;
PyObject* g_int_slot;
PyObject* g_is_safe_slot;
PyObject* g_unknown;

// As long as an ID of today, and never one that the interpreter has cached.
PyObject* AnInt(PyObject*, PyObject*) {
  static std::uint64_t value = std::uint64_t{1} << 59;
  return PyLong_FromUnsignedLongLong(++value);
}

// uuid.UUID's own fast construction, in C: object.__new__(), then its two slots.
PyObject* AUuid(PyObject*, PyObject*) {
  static constexpr unsigned char kBytes[16] = {1,    0x9a, 0xa2, 0xf0, 0x83, 0xfc, 0x7a, 0x51,
                                               0x8b, 0xc,  0x6a, 0x4c, 0x1d, 0x7f, 0x2e, 0x93};
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* const number = PyLong_FromUnsignedNativeBytes(kBytes, 16, Py_ASNATIVEBYTES_BIG_ENDIAN);
#else
  PyObject* const number = _PyLong_FromByteArray(kBytes, 16, 0, 0);
#endif
  if (number == nullptr) return nullptr;
  PyObject* uuid = g_uuid_type->tp_alloc(g_uuid_type, 0);
  if (uuid != nullptr &&
      (Py_TYPE(g_int_slot)->tp_descr_set(g_int_slot, uuid, number) != 0 ||
       Py_TYPE(g_is_safe_slot)->tp_descr_set(g_is_safe_slot, uuid, g_unknown) != 0)) {
    Py_CLEAR(uuid);
  }
  Py_DECREF(number);
  return uuid;
}

PyMethodDef g_methods[] = {
    {"an_int", AnInt, METH_NOARGS, nullptr},
    {"a_uuid", AUuid, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef g_definition = {PyModuleDef_HEAD_INIT,
                            "shmflake_baseline",
                            nullptr,
                            -1,
                            g_methods,
                            nullptr,
                            nullptr,
                            nullptr,
                            nullptr};

PyObject* Attribute(PyObject* object, const char* name) {
  return object == nullptr ? nullptr : PyObject_GetAttrString(object, name);
}

}  // namespace

PyMODINIT_FUNC PyInit_shmflake_baseline() {
  PyObject* const uuid = PyImport_ImportModule("uuid");
  g_uuid_type = reinterpret_cast<PyTypeObject*>(Attribute(uuid, "UUID"));
  g_int_slot = Attribute(reinterpret_cast<PyObject*>(g_uuid_type), "int");
  g_is_safe_slot = Attribute(reinterpret_cast<PyObject*>(g_uuid_type), "is_safe");
  PyObject* const safe_uuid = Attribute(uuid, "SafeUUID");
  g_unknown = Attribute(safe_uuid, "unknown");
  Py_XDECREF(safe_uuid);
  Py_XDECREF(uuid);
  if (g_unknown == nullptr || g_int_slot == nullptr || g_is_safe_slot == nullptr) return nullptr;
  return PyModule_Create(&g_definition);
}
