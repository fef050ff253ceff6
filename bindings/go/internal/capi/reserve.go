// SPDX-License-Identifier: Apache-2.0

package capi

// #include "segment.h"
import "C"

import (
	"runtime/cgo"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// A ReserveFunction gives ranges of IDs.
type ReserveFunction func(tag string, step uint64) (first, count uint64, err error)

// A reserveHandle is the number that C knows a function by; 0 for none.
type reserveHandle cgo.Handle

func registerReserve(function ReserveFunction, options *C.shmflake_segment_options) reserveHandle {
	if function == nil {
		return 0
	}
	handle := cgo.NewHandle(function)
	C.capi_set_reserve(options, C.uintptr_t(handle))
	return reserveHandle(handle)
}

// forget is called when no call can reserve any more.
func (h reserveHandle) forget() {
	if h != 0 {
		cgo.Handle(h).Delete()
	}
}

// A reserved is what a function said; one that ended its goroutine said nothing.
type reserved struct {
	first, count uint64
	err          error
	returned     bool
}

// The function runs on a goroutine of its own, which is waited for: a panic or a Goexit in it must
// not unwind the library's frames, which lie below this one.
//
//export shmflake_go_reserve
func shmflake_go_reserve(reserve C.uintptr_t, tag *C.char, step C.uint64_t, first, count *C.uint64_t, words *C.char, size C.size_t) C.int {
	function := cgo.Handle(reserve).Value().(ReserveFunction)
	name := C.GoString(tag)
	var said reserved
	done := make(chan struct{})
	go func() {
		defer close(done)
		said.first, said.count, said.err = function(name, uint64(step))
		said.returned = true
	}()
	<-done
	if said.err == nil && said.returned {
		*first, *count = C.uint64_t(said.first), C.uint64_t(said.count)
		return 0
	}
	text := "it ended its goroutine"
	if said.returned {
		text = said.err.Error()
	}
	say(text, unsafe.Slice((*byte)(unsafe.Pointer(words)), int(size)))
	return 1
}

// say writes the text and a NUL, cut to fit between characters.
func say(text string, words []byte) {
	text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	if len(text) >= len(words) {
		end := len(words) - 1
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	words[copy(words, text)] = 0
}
