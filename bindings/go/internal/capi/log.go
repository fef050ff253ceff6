// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// A LogField is shmflake_log_field.
type LogField struct{ Key, Value string }

// A LogFunction gets the events of a handle.
type LogFunction func(level int, event string, fields []LogField)

// A logHandle is the number that C knows a function by; 0 for none.
type logHandle cgo.Handle

func registerLog(function LogFunction, options *C.shmflake_options) logHandle {
	if function == nil {
		return 0
	}
	handle := cgo.NewHandle(function)
	C.capi_set_log(options, C.uintptr_t(handle))
	return logHandle(handle)
}

// forget is called when no call can log any more.
func (h logHandle) forget() {
	if h != 0 {
		cgo.Handle(h).Delete()
	}
}

// The function runs on a goroutine of its own, which is waited for: a panic or a Goexit in it must
// not unwind the library's frames, which lie below this one.
//
//export shmflake_go_log
func shmflake_go_log(log C.uintptr_t, level C.int, event *C.char, fields *C.shmflake_log_field, count C.size_t) {
	function := cgo.Handle(log).Value().(LogFunction)
	name := C.GoString(event)
	var copied []LogField
	if count > 0 {
		copied = make([]LogField, 0, count)
		for _, field := range unsafe.Slice(fields, count) {
			copied = append(copied, LogField{C.GoString(field.key), C.GoString(field.value)})
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		function(int(level), name, copied)
	}()
	<-done
}
