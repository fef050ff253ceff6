// SPDX-License-Identifier: Apache-2.0

//go:build shmflake_amalgamation

package capi

// The whole library is shmflake_amalgamation.cc and shmflake.h, beside this file. Go compiles the
// former because it is here, and links with the C++ compiler because it is C++.

// #cgo CFLAGS: -DSHMFLAKE_AMALGAMATION
// #cgo CXXFLAGS: -DSHMFLAKE_AMALGAMATION -std=c++20 -O2 -fvisibility=hidden
// #cgo LDFLAGS: -lsqlite3 -lpthread -ldl
import "C"
