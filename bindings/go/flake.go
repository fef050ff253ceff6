// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"context"
	"runtime"
	"sync"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// A Flake is this process's attachment to one region. Open makes it. Its methods may be called by
// any goroutines at once.
type Flake struct {
	handle   capi.Handle
	once     sync.Once
	segments openSegments
}

// within makes a call on the handle, which the garbage collector must not take away meanwhile.
func within[T any](f *Flake, call func(handle capi.Handle) (T, *capi.Failure)) (T, error) {
	out, failure := call(f.handle)
	runtime.KeepAlive(f)
	return out, errorOf(failure)
}

// Open attaches to the region of that name, or creates it. "" is the region "default"; else 1..63
// of [A-Za-z0-9._-], not beginning with a dot. Settings that no option gives are looked for in the
// environment, then in snowflake.toml, then have their default. A process may have many handles.
//
// The errors are all codes, but of the draw's only ErrTimeRange and ErrBeforeEpoch. May block.
func Open(name string, options ...Option) (*Flake, error) {
	handle, failure := capi.Open(name, collect(options))
	if failure != nil {
		return nil, errorOf(failure)
	}
	f := &Flake{handle: handle}
	runtime.SetFinalizer(f, func(f *Flake) {
		go func() { // it may have to wait, and other finalizers wait for this one
			f.Close()
			f.handle.Free()
		}()
	})
	return f, nil
}

// OpenContext is Open, but returns when the context is done. A region that is opened after that is
// closed again.
func OpenContext(ctx context.Context, name string, options ...Option) (*Flake, error) {
	if err := ctx.Err(); err != nil {
		return nil, cancelled(err)
	}
	if ctx.Done() == nil {
		return Open(name, options...)
	}
	done := make(chan outcome[*Flake])
	go func() {
		f, err := Open(name, options...)
		select {
		case done <- outcome[*Flake]{f, err}:
		case <-ctx.Done():
			if f != nil {
				f.Close()
			}
		}
	}()
	select {
	case out := <-done:
		return out.value, out.err
	case <-ctx.Done():
		return nil, cancelled(ctx.Err())
	}
}

// Close closes the Segments, then detaches. It lets the calls that are under way end, which takes no longer than
// WithWaitTimeoutMS says; later ones get ErrClosed. The region stays for others. It is safe to call
// Close while others draw, and to call it again. The error is always nil. May block.
//
// A Flake that is forgotten is closed some time after the garbage collector has found it, unless
// its log function refers to it.
func (f *Flake) Close() error {
	f.once.Do(func() {
		f.segments.closeAll()
		f.handle.Close()
	})
	runtime.KeepAlive(f)
	return nil
}

// Retire ends the region of that name: no ID is drawn from it afterwards, the unused part of its
// lease is given back, and attached processes follow to the next region at their next Next. The
// options say where to look (WithDirectory, WithStateDirectory); they need not repeat the settings.
//
// Errors: ErrNotFound; those of the region file and of the store; ErrTimeout. If only the store
// fails, or after ErrTimeout, the region is retired all the same, and the next one starts at the
// horizon. May block.
func Retire(name string, options ...Option) error {
	return errorOf(capi.Retire(name, collect(options)))
}

// RetireContext is Retire, but returns when the context is done. The region may be retired all the
// same.
func RetireContext(ctx context.Context, name string, options ...Option) error {
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, Retire(name, options...) })
	return err
}
