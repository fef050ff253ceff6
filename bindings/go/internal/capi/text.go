// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

import (
	"bytes"
	"runtime"
	"unsafe"
)

// Longer than any text that the library reads.
const bufferSize = 64

// terminated copies text and a NUL into buffer, or into a larger one.
func terminated(buffer *[bufferSize]byte, text string) *C.char {
	to := buffer[:]
	if len(text) >= len(to) {
		to = make([]byte, len(text)+1)
	}
	copy(to, text)
	return (*C.char)(unsafe.Pointer(&to[0]))
}

func textOf(out C.capi_text) (string, *Failure) {
	if out.code != C.SHMFLAKE_OK {
		return "", failureOf(out.code)
	}
	text := (*[C.SHMFLAKE_TEXT_SIZE]byte)(unsafe.Pointer(&out.text)) // C.GoString would move it to the heap
	return string(text[:bytes.IndexByte(text[:], 0)]), nil
}

// Format is shmflake_format.
func Format(id uint64, form int) (string, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return textOf(C.capi_format(C.uint64_t(id), C.int(form)))
}

// Parse is shmflake_parse.
func Parse(text string, form int) (uint64, *Failure) {
	if failure := refuseNUL("an ID", text, C.SHMFLAKE_E_TEXT); failure != nil {
		return 0, failure
	}
	var buffer [bufferSize]byte
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return number(C.capi_parse(terminated(&buffer, text), C.int(form)))
}

// FormatUUID is shmflake_format_uuid.
func FormatUUID(uuid [16]byte) (string, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return textOf(C.capi_format_uuid((*C.uchar)(unsafe.Pointer(&uuid))))
}

// ParseUUID is shmflake_parse_uuid.
func ParseUUID(text string) ([16]byte, *Failure) {
	if failure := refuseNUL("a UUID", text, C.SHMFLAKE_E_TEXT); failure != nil {
		return [16]byte{}, failure
	}
	var buffer [bufferSize]byte
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return sixteen(C.capi_parse_uuid(terminated(&buffer, text)))
}

// FormatULID is shmflake_format_ulid.
func FormatULID(ulid [16]byte) (string, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return textOf(C.capi_format_ulid((*C.uchar)(unsafe.Pointer(&ulid))))
}

// ParseULID is shmflake_parse_ulid.
func ParseULID(text string) ([16]byte, *Failure) {
	if failure := refuseNUL("a ULID", text, C.SHMFLAKE_E_TEXT); failure != nil {
		return [16]byte{}, failure
	}
	var buffer [bufferSize]byte
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return sixteen(C.capi_parse_ulid(terminated(&buffer, text)))
}

// Mask is shmflake_mask.
func Mask(key [16]byte, id uint64) (uint64, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return number(C.capi_mask((*C.uchar)(unsafe.Pointer(&key)), C.uint64_t(id)))
}

// Unmask is shmflake_unmask.
func Unmask(key [16]byte, masked uint64) (uint64, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return number(C.capi_unmask((*C.uchar)(unsafe.Pointer(&key)), C.uint64_t(masked)))
}
