// SPDX-License-Identifier: Apache-2.0
// Somebody's writable memory for IDs: array.array, numpy.ndarray, memoryview, bytearray ...
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_ID_BUFFER_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_ID_BUFFER_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>

namespace shmflake_python {

// Holds the buffer, so that its owner can neither move nor shrink it. Made and destroyed with the
// GIL.
class IdBuffer {
 public:
  // BufferError when it is read-only or not contiguous; TypeError when it has no buffer, or one of
  // neither native 8-byte integers nor bytes; ValueError for bytes that are not a multiple of 8.
  explicit IdBuffer(pybind11::handle object);
  ~IdBuffer() { PyBuffer_Release(&view_); }
  IdBuffer(const IdBuffer&) = delete;
  IdBuffer& operator=(const IdBuffer&) = delete;

  [[nodiscard]] char* data() const { return static_cast<char*>(view_.buf); }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(view_.len) / sizeof(std::uint64_t);
  }
  // Whether a uint64_t may lie there; a memoryview of bytes can begin anywhere.
  [[nodiscard]] bool aligned() const;

 private:
  Py_buffer view_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_ID_BUFFER_H_
