// SPDX-License-Identifier: Apache-2.0

package capi

// #include <stdlib.h>
// #include "capi.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// A Failure is what a function of the library that failed has to say.
type Failure struct {
	Code    int
	Message string
}

// Closed is the code of a call on a handle that is closed; it has no message.
const Closed = C.CAPI_CLOSED

// failureOf makes one of a code. The message is the thread's: it must be called on the thread that
// made the call, hence the goroutine is locked to it around both.
func failureOf(code C.int) *Failure {
	if code == C.SHMFLAKE_OK {
		return nil
	}
	return failureSaying(code, C.shmflake_last_error())
}

// failureWith is failureOf for a message that came with the code and is to be freed.
func failureWith(code C.int, message *C.char) *Failure {
	defer C.free(unsafe.Pointer(message))
	return failureSaying(code, message)
}

func failureSaying(code C.int, message *C.char) *Failure {
	switch code {
	case C.CAPI_CLOSED:
		return &Failure{Code: Closed}
	case C.CAPI_NO_MEMORY:
		return &Failure{Code: C.SHMFLAKE_E_NO_MEMORY, Message: "no memory"}
	}
	if message == nil { // there was no memory for a copy of it
		return &Failure{Code: int(code), Message: StrError(int(code))}
	}
	return &Failure{Code: int(code), Message: C.GoString(message)}
}

// refuseNUL says no to a text that C would see the beginning of only.
func refuseNUL(what, text string, code C.int) *Failure {
	if strings.IndexByte(text, 0) < 0 {
		return nil
	}
	return &Failure{Code: int(code), Message: fmt.Sprintf("%s must not have a NUL byte: %q", what, text)}
}

// StrError is shmflake_strerror.
func StrError(code int) string { return C.GoString(C.shmflake_strerror(C.int(code))) }

// ErrorName is shmflake_error_name.
func ErrorName(code int) string { return C.GoString(C.shmflake_error_name(C.int(code))) }

// Version is shmflake_version.
func Version() string { return C.GoString(C.shmflake_version()) }
