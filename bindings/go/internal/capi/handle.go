// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

import "runtime"

// A Handle is a shmflake*, with the log function that it was opened with.
type Handle struct {
	flake *C.shmflake
	log   logHandle
}

// Open is shmflake_open. The name "" is NULL.
func Open(name string, options *Options) (Handle, *Failure) {
	var a arguments
	defer a.free()
	if failure := a.convert(name, options); failure != nil {
		return Handle{}, failure
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	handle := Handle{log: registerLog(options.Log, a.options)}
	failure := failureOf(C.shmflake_open(a.name, a.options, &handle.flake))
	if failure != nil {
		handle.log.forget()
		return Handle{}, failure
	}
	return handle, nil
}

// Close is shmflake_close.
func (h Handle) Close() {
	C.shmflake_close(h.flake)
	h.log.forget()
}

// Retire is shmflake_retire. The name "" is NULL.
func Retire(name string, options *Options) *Failure {
	var a arguments
	defer a.free()
	if failure := a.convert(name, options); failure != nil {
		return failure
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	log := registerLog(options.Log, a.options)
	defer log.forget()
	return failureOf(C.shmflake_retire(a.name, a.options))
}
