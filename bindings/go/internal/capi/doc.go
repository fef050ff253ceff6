// SPDX-License-Identifier: Apache-2.0

// Package capi is shmflake.h in Go's types, and the only package with an import "C". It decides
// nothing: a function here is a function of the header. What may be called by whom, and what it
// may block on, is written there and in package shmflake.
//
// The library that it links is the installed one (link_installed.go) or, with the build tag
// shmflake_amalgamation, the one that is compiled from the source in this directory
// (link_amalgamation.go).
package capi
