// SPDX-License-Identifier: Apache-2.0

package capi

// #include <stdlib.h>
// #include "segment.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// SegmentOptions is shmflake_segment_options. A string that is nil is not given.
type SegmentOptions struct {
	Store           *string
	Create          uint32
	PrefetchPercent uint32
	Step            uint64
	MinStep         uint64
	MaxStep         uint64
	Reserve         ReserveFunction
}

// A Segment is a shmflake_segment*, with the function that it reserves by. It is closed as a Handle
// is; the zero Segment is a closed one.
type Segment struct {
	c       C.capi_handle_ref
	reserve reserveHandle
}

// OpenSegment is shmflake_segment_open. The segment is to be closed and freed.
func (h Handle) OpenSegment(tag string, from *SegmentOptions) (Segment, *Failure) {
	var a arguments
	defer a.free()
	var name *C.char
	if failure := a.text("tag", tag, C.SHMFLAKE_E_TAG, &name); failure != nil {
		return Segment{}, failure
	}
	to := new(C.shmflake_segment_options)
	to.struct_size = C.sizeof_shmflake_segment_options
	if from.Store != nil {
		if failure := a.text("store", *from.Store, C.SHMFLAKE_E_OPTION, &to.store); failure != nil {
			return Segment{}, failure
		}
	}
	to.create = C.uint32_t(from.Create)
	to.prefetch_percent = C.uint32_t(from.PrefetchPercent)
	to.step = C.uint64_t(from.Step)
	to.min_step = C.uint64_t(from.MinStep)
	to.max_step = C.uint64_t(from.MaxStep)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := C.capi_new_handle()
	if c == 0 {
		return Segment{}, failureOf(C.CAPI_NO_MEMORY)
	}
	segment := Segment{c: c, reserve: registerReserve(from.Reserve, to)}
	if failure := failureOf(C.capi_open_segment(h.c, name, to, c)); failure != nil {
		segment.reserve.forget()
		segment.Free()
		return Segment{}, failure
	}
	return segment, nil
}

// Close is shmflake_segment_close, after the calls that are under way have ended. To be called once,
// before the handle is closed.
func (s Segment) Close() {
	if s.c != 0 {
		C.capi_close_handle(s.c)
		s.reserve.forget()
	}
}

// Free ends the use of a segment that is closed: no call may follow, nor be under way.
func (s Segment) Free() { C.capi_free_handle(s.c) }

// Next is shmflake_segment_next, the hot path, as Handle.Next.
func (s Segment) Next() (uint64, *Failure) {
	drawn := C.capi_segment_next(s.c)
	if drawn.code != C.SHMFLAKE_OK {
		return 0, failureWith(drawn.code, C.capi_kept_message(drawn.value))
	}
	return uint64(drawn.value), nil
}

// NextNowait is shmflake_segment_next_nowait.
func (s Segment) NextNowait() (uint64, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return number(C.capi_segment_next_nowait(s.c))
}

// NextN is shmflake_segment_next_n. That of no ID at all is passed on, too: the library has an error
// for it.
func (s Segment) NextN(ids []uint64) (int, *Failure) {
	var none C.uint64_t
	first := &none
	if len(ids) > 0 {
		first = (*C.uint64_t)(unsafe.Pointer(&ids[0]))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	drawn := C.capi_segment_next_n(s.c, first, C.size_t(len(ids)))
	return int(drawn.value), failureOf(drawn.code)
}

// StoreInit is shmflake_store_init. The URL "" is NULL.
func StoreInit(url string, options *Options) *Failure {
	return withArguments("", options, func(a *arguments) *Failure {
		var store *C.char
		if url != "" {
			if failure := a.text("url", url, C.SHMFLAKE_E_STORE_URL, &store); failure != nil {
				return failure
			}
		}
		return failureOf(C.shmflake_store_init(store, a.options))
	})
}
