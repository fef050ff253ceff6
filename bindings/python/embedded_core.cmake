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
add_library(shmflake_embedded OBJECT ${capi_sources})
target_include_directories(shmflake_embedded PUBLIC ${tree}/capi/include)
target_link_libraries(shmflake_embedded PUBLIC shmflake_core)
target_compile_features(shmflake_embedded PRIVATE cxx_std_20)
set_target_properties(shmflake_embedded PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  CXX_EXTENSIONS OFF
  UNITY_BUILD ${SHMFLAKE_UNITY_BUILD}
  UNITY_BUILD_BATCH_SIZE 25)
target_link_libraries(_shmflake PRIVATE shmflake_embedded shmflake_core)
