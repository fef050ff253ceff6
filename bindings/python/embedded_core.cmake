# SPDX-License-Identifier: Apache-2.0
# The core and the C ABI, from the tree that this directory is a part of, compiled into the module.
set(tree ${CMAKE_CURRENT_SOURCE_DIR}/../..)
if(NOT EXISTS ${tree}/core/CMakeLists.txt)
  message(FATAL_ERROR "The core is not there: install from a checkout, pip install ./bindings/python")
endif()
foreach(part IN ITEMS TOOLS EXAMPLES BENCH PYTHON)
  set(SHMFLAKE_BUILD_${part} OFF)
endforeach()
set(BUILD_TESTING OFF)
add_subdirectory(${tree} tree EXCLUDE_FROM_ALL)

file(GLOB capi_sources CONFIGURE_DEPENDS ${tree}/capi/src/*.cc)
target_sources(_shmflake PRIVATE ${capi_sources})
target_include_directories(_shmflake PRIVATE ${tree}/capi/include)
target_link_libraries(_shmflake PRIVATE shmflake_core)
