// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"sync/atomic"
	"unsafe"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// calls counts the calls that are inside the library on a handle, so that Close can wait for them.
//
//  1. A call counts itself before it looks whether the handle is closing, and closing is said
//     before the counts are looked at. Go's atomics are in one order, so that one of the two sees
//     the other: no call begins after Close found nobody.
//  2. The last to leave a stripe looks for closing after it has counted itself out, and wakes Close.
//
// The counts are spread over stripes, for goroutines on many processors would otherwise meet on one
// cache line twice a draw.
type calls struct {
	closing atomic.Pointer[chan struct{}]
	stripes [16]stripe
}

type stripe struct {
	inside atomic.Int64
	_      [120]byte // two cache lines, which processors fetch in pairs
}

// enter is nil when the handle is closed. Goroutines have stacks of their own, hence the stripe is
// picked by an address on it; which one it is does not matter.
func (c *calls) enter() *stripe {
	var here byte
	s := &c.stripes[uintptr(unsafe.Pointer(&here))/4096%uintptr(len(c.stripes))]
	s.inside.Add(1)
	if c.closing.Load() != nil {
		c.leave(s)
		return nil
	}
	return s
}

func (c *calls) leave(s *stripe) {
	if s.inside.Add(-1) != 0 {
		return
	}
	if left := c.closing.Load(); left != nil {
		select {
		case *left <- struct{}{}:
		default: // Close has not yet seen the one before
		}
	}
}

// close lets no further call in and returns when the last one is out. To be called once.
func (c *calls) close() {
	left := make(chan struct{}, 1)
	c.closing.Store(&left)
	for i := range c.stripes {
		for c.stripes[i].inside.Load() != 0 {
			<-left
		}
	}
}

// within makes a call on the handle, unless it is closed.
func within[T any](f *Flake, call func(handle capi.Handle) (T, *capi.Failure)) (T, error) {
	s := f.calls.enter()
	if s == nil {
		var none T
		return none, ErrClosed
	}
	defer f.calls.leave(s)
	out, failure := call(f.handle)
	return out, errorOf(failure)
}
