// SPDX-License-Identifier: Apache-2.0
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_LIST_ALL_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_LIST_ALL_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <vector>

#include "errors.h"
#include "gil.h"

namespace shmflake_python {

// What a call like shmflake_processes() lists, with as much room as it turns out to need.
template <typename Item, typename Call>
pybind11::list ListAll(pybind11::dict (*record)(const Item&), Call call) {
  std::vector<Item> items(64);
  std::size_t count = 0;
  for (;;) {
    ThrowIfError(WithoutGil([&] { return call(items.data(), items.size(), &count); }));
    if (count <= items.size()) break;
    items.resize(count + 16);  // more may come meanwhile
  }
  pybind11::list list;
  for (std::size_t i = 0; i < count; ++i) list.append(record(items[i]));
  return list;
}

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_LIST_ALL_H_
