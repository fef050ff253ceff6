// SPDX-License-Identifier: Apache-2.0

package capi

// #include "next.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Next is shmflake_next, the hot path: the message comes with the ID, so that the goroutine need
// not be locked to its thread.
func (h Handle) Next() (uint64, *Failure) {
	drawn := C.capi_next(h.c)
	if drawn.code != C.SHMFLAKE_OK {
		return 0, failureWith(drawn.code, C.capi_kept_message(drawn.value))
	}
	return uint64(drawn.value), nil
}

func number(drawn C.capi_number) (uint64, *Failure) {
	if drawn.code != C.SHMFLAKE_OK {
		return 0, failureOf(drawn.code)
	}
	return uint64(drawn.value), nil
}

// TryNext is shmflake_try_next.
func (h Handle) TryNext() (uint64, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return number(C.capi_try_next(h.c))
}

// NextNowait is shmflake_next_nowait.
func (h Handle) NextNowait() (uint64, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return number(C.capi_next_nowait(h.c))
}

// NextN is shmflake_next_n. That of no ID at all is passed on, too: the library has an error for
// it.
func (h Handle) NextN(ids []uint64) (int, *Failure) {
	var none C.uint64_t
	first := &none
	if len(ids) > 0 {
		first = (*C.uint64_t)(unsafe.Pointer(&ids[0]))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	drawn := C.capi_next_n(h.c, first, C.size_t(len(ids)))
	return int(drawn.value), failureOf(drawn.code)
}

// NextBlock is shmflake_next_block.
func (h Handle) NextBlock(want uint64) (first, count uint64, failure *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	drawn := C.capi_next_block(h.c, C.uint64_t(want))
	if drawn.code != C.SHMFLAKE_OK {
		return 0, 0, failureOf(drawn.code)
	}
	return uint64(drawn.first), uint64(drawn.second), nil
}

// Observe is shmflake_observe.
func (h Handle) Observe(id uint64) *Failure {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return failureOf(C.capi_observe(h.c, C.uint64_t(id)))
}

// Watermark is shmflake_watermark.
func (h Handle) Watermark() (uint64, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return number(C.capi_watermark(h.c))
}

func sixteen(drawn C.capi_bytes) ([16]byte, *Failure) {
	if drawn.code != C.SHMFLAKE_OK {
		return [16]byte{}, failureOf(drawn.code)
	}
	return *(*[16]byte)(unsafe.Pointer(&drawn.bytes)), nil
}

// UUID7 is shmflake_uuid7.
func (h Handle) UUID7() ([16]byte, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return sixteen(C.capi_uuid7(h.c))
}

// UUID7Nowait is shmflake_uuid7_nowait.
func (h Handle) UUID7Nowait() ([16]byte, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return sixteen(C.capi_uuid7_nowait(h.c))
}

// UUID7N is shmflake_uuid7_n.
func (h Handle) UUID7N(uuids [][16]byte) (int, *Failure) {
	var none [16]C.uchar
	first := &none
	if len(uuids) > 0 {
		first = (*[16]C.uchar)(unsafe.Pointer(&uuids[0]))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	drawn := C.capi_uuid7_n(h.c, first, C.size_t(len(uuids)))
	return int(drawn.value), failureOf(drawn.code)
}

// ULID is shmflake_ulid, as bytes.
func (h Handle) ULID() ([16]byte, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return sixteen(C.capi_ulid(h.c))
}

// ULIDNowait is shmflake_ulid_nowait, as bytes.
func (h Handle) ULIDNowait() ([16]byte, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return sixteen(C.capi_ulid_nowait(h.c))
}
