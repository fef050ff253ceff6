// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

import "runtime"

// A Handle is a shmflake*, with the log function that it was opened with. It may be closed while
// others use it: they get the code Closed then. The zero Handle is a closed one.
type Handle struct {
	c   C.capi_handle_ref
	log logHandle
}

// Open is shmflake_open. The name "" is NULL. The handle is to be closed and freed.
func Open(name string, options *Options) (Handle, *Failure) {
	var a arguments
	defer a.free()
	if failure := a.convert(name, options); failure != nil {
		return Handle{}, failure
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := C.capi_new_handle()
	if c == 0 {
		return Handle{}, failureOf(C.CAPI_NO_MEMORY)
	}
	handle := Handle{c: c, log: registerLog(options.Log, a.options)}
	if failure := failureOf(C.capi_open_handle(c, a.name, a.options)); failure != nil {
		handle.log.forget()
		handle.Free()
		return Handle{}, failure
	}
	return handle, nil
}

// Close is shmflake_close, after the calls that are under way have ended. To be called once.
func (h Handle) Close() {
	if h.c != 0 {
		C.capi_close_handle(h.c)
		h.log.forget()
	}
}

// Free ends the use of a handle that is closed: no call may follow, nor be under way.
func (h Handle) Free() { C.capi_free_handle(h.c) }

// Retire is shmflake_retire. The name "" is NULL.
func Retire(name string, options *Options) *Failure {
	return withArguments(name, options, func(a *arguments) *Failure {
		return failureOf(C.shmflake_retire(a.name, a.options))
	})
}
