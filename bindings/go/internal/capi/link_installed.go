// SPDX-License-Identifier: Apache-2.0

//go:build !shmflake_amalgamation

package capi

// #cgo pkg-config: shmflake
import "C"
