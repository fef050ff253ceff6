# SPDX-License-Identifier: Apache-2.0
# The stores that are not embedded, each a plug-in store-SCHEME.so in shmflake/ beside the library, so
# that the library itself needs no client library. One is built where its client library is found.
foreach(scheme MYSQL POSTGRES ETCD)
  set(SHMFLAKE_BUILD_STORE_${scheme} AUTO CACHE STRING "Build the store's plug-in: AUTO, ON or OFF")
  set_property(CACHE SHMFLAKE_BUILD_STORE_${scheme} PROPERTY STRINGS AUTO ON OFF)
endforeach()

# shmflake_find_client(PREFIX HEADER LIBRARY [SUFFIX...]): sets PREFIX_INCLUDE_DIR and PREFIX_LIBRARY.
# Not through pkg-config: it is not needed for anything else.
function(shmflake_find_client prefix header library)
  find_path(${prefix}_INCLUDE_DIR ${header} PATH_SUFFIXES ${ARGN})
  if(library)
    find_library(${prefix}_LIBRARY ${library} PATH_SUFFIXES ${ARGN})
  endif()
  mark_as_advanced(${prefix}_INCLUDE_DIR ${prefix}_LIBRARY)
endfunction()
shmflake_find_client(MARIADB_CLIENT mysql.h mariadb mariadb)
shmflake_find_client(POSTGRES_CLIENT libpq-fe.h pq postgresql)
shmflake_find_client(CURL_CLIENT curl/curl.h curl)
shmflake_find_client(NLOHMANN_JSON nlohmann/json.hpp "")

# Of a plug-in nothing is seen but its entry.
set(store_plugin_map ${CMAKE_CURRENT_BINARY_DIR}/store_plugin.map)
file(CONFIGURE OUTPUT ${store_plugin_map} CONTENT "{ global: shmflake_store_plugin_v2; local: *; };\n")

set(shmflake_stores_built "")
set(shmflake_stores_missing "")

# shmflake_store_plugin(SCHEME SOURCES file... NEEDS variable...): the variables are directories of
# headers and libraries; the plug-in is built where all of them were found.
function(shmflake_store_plugin scheme)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "" "SOURCES;NEEDS")
  string(TOUPPER ${scheme} option)
  set(wanted ${SHMFLAKE_BUILD_STORE_${option}})
  set(include_dirs "")
  set(libraries "")
  set(missing "")
  foreach(need IN LISTS plugin_NEEDS)
    if(NOT ${need})
      list(APPEND missing ${need})
    elseif(need MATCHES "_LIBRARY$")
      list(APPEND libraries ${${need}})
    else()
      list(APPEND include_dirs ${${need}})
    endif()
  endforeach()
  if(missing AND NOT wanted STREQUAL "AUTO" AND wanted)
    message(FATAL_ERROR "SHMFLAKE_BUILD_STORE_${option} is ON, but not found: ${missing}")
  endif()
  if(missing OR NOT (wanted STREQUAL "AUTO" OR wanted))
    set(shmflake_stores_missing ${shmflake_stores_missing} ${scheme} PARENT_SCOPE)
    return()
  endif()
  list(TRANSFORM plugin_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/core/)
  add_library(store_${scheme} MODULE ${plugin_SOURCES})
  target_include_directories(store_${scheme} PRIVATE ${PROJECT_SOURCE_DIR})
  target_include_directories(store_${scheme} SYSTEM PRIVATE ${include_dirs})
  target_link_libraries(store_${scheme} PRIVATE shmflake_warnings ${libraries})
  target_link_options(store_${scheme} PRIVATE -Wl,--version-script=${store_plugin_map}
    -Wl,--as-needed -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,nodelete,-z,noexecstack)
  set_target_properties(store_${scheme} PROPERTIES
    PREFIX "" OUTPUT_NAME store-${scheme} SUFFIX .so UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 20
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON INSTALL_RPATH ""
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/capi/shmflake)
  install(TARGETS store_${scheme} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/shmflake)
  set(shmflake_stores_built ${shmflake_stores_built} ${scheme} PARENT_SCOPE)
endfunction()

set(sql_sources text.cc store/plugin_support.cc)
foreach(part call run take lease lease_rows)
  list(APPEND sql_sources store/mysql_postgres_${part}.cc)
endforeach()
shmflake_store_plugin(mysql
  SOURCES store/mysql_plugin.cc store/mysql_session.cc store/mysql_errors.cc store/mysql_schema.cc
          store/mysql_segments.cc store/mysql_leases.cc ${sql_sources}
  NEEDS MARIADB_CLIENT_INCLUDE_DIR MARIADB_CLIENT_LIBRARY)
shmflake_store_plugin(postgres
  SOURCES store/postgres_plugin.cc store/postgres_session.cc store/postgres_errors.cc store/postgres_schema.cc
          store/postgres_segments.cc store/postgres_leases.cc ${sql_sources}
  NEEDS POSTGRES_CLIENT_INCLUDE_DIR POSTGRES_CLIENT_LIBRARY)
if(EXISTS ${PROJECT_SOURCE_DIR}/core/store/etcd_plugin.cc)
  file(GLOB etcd_sources RELATIVE ${PROJECT_SOURCE_DIR}/core CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/core/store/etcd_*.cc)
  shmflake_store_plugin(etcd SOURCES ${etcd_sources} store/plugin_support.cc
    NEEDS CURL_CLIENT_INCLUDE_DIR CURL_CLIENT_LIBRARY NLOHMANN_JSON_INCLUDE_DIR)
endif()
list(JOIN shmflake_stores_built " " built)
list(JOIN shmflake_stores_missing " " missing)
message(STATUS "Stores' plug-ins: ${built} (not built: ${missing})")
