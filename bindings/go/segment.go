// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"runtime"
	"sync"
	"unsafe"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// A Segment is a tag that dense IDs are drawn from: 1, 2, 3 ... over all processes of the host.
// Flake.Segment opens it. A segment is a range of IDs that the host's processes share; the next one
// is taken from the store ahead of time, so that IDs go on while the store is away. IDs ascend within
// the host as long as the store's ranges do; after a crash some are left out, none comes twice.
//
// These IDs are plain numbers: ID's Time and Parts mean nothing for them. The methods may be called
// by any goroutines at once.
type Segment struct {
	handle capi.Segment
	core   *segmentCore
	flake  *Flake // which is not collected before
	tag    string
}

// A segmentCore is what the Flake knows of a Segment, which it does not keep alive.
type segmentCore struct {
	handle capi.Segment
	once   sync.Once
}

func (c *segmentCore) close() { c.once.Do(c.handle.Close) }

// openSegments are those that are to be closed before their Flake is.
type openSegments struct {
	opening sync.RWMutex // read while one opens
	closed  bool
	mutex   sync.Mutex // of what follows
	cores   map[*segmentCore]struct{}
}

func (o *openSegments) open(call func() (capi.Segment, *capi.Failure)) (*segmentCore, *capi.Failure) {
	o.opening.RLock()
	defer o.opening.RUnlock()
	if o.closed {
		return nil, &capi.Failure{Code: capi.Closed}
	}
	handle, failure := call()
	if failure != nil {
		return nil, failure
	}
	core := &segmentCore{handle: handle}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.cores == nil {
		o.cores = map[*segmentCore]struct{}{}
	}
	o.cores[core] = struct{}{}
	return core, nil
}

func (o *openSegments) forget(core *segmentCore) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	delete(o.cores, core)
}

func (o *openSegments) closeAll() {
	o.opening.Lock()
	o.closed = true
	o.opening.Unlock()
	o.mutex.Lock()
	cores := o.cores
	o.cores = nil
	o.mutex.Unlock()
	for core := range cores {
		core.close()
	}
}

// Segment opens a tag: 1..64 bytes of UTF-8 without control characters, of which a region holds 256.
// The first one to need it fetches a segment; while the region has IDs of the tag, the store is not
// asked. Options that are nil are all defaults.
//
// Errors: ErrOption, ErrTag, ErrTagsFull, ErrTagStore, ErrStoreURL, ErrStorePlugin; those of
// Segment.Next. May block.
func (f *Flake) Segment(tag string, options *SegmentOptions) (*Segment, error) {
	core, failure := f.segments.open(func() (capi.Segment, *capi.Failure) {
		return f.handle.OpenSegment(tag, options.convert())
	})
	runtime.KeepAlive(f)
	if failure != nil {
		return nil, errorOf(failure)
	}
	s := &Segment{handle: core.handle, core: core, flake: f, tag: tag}
	runtime.SetFinalizer(s, func(s *Segment) {
		go func() { // as that of a Flake
			s.Close()
			s.handle.Free()
		}()
	})
	return s, nil
}

// Close gives the handle up; what is left of the segment stays for others. It lets the calls that are
// under way end; later ones get ErrClosed. It is safe to call Close while others draw, and to call it
// again; the Flake's Close does it, too. The error is always nil. May block.
//
// A Segment that is forgotten is closed some time after the garbage collector has found it, unless
// its Reserve function refers to it.
func (s *Segment) Close() error {
	if s.core != nil {
		s.core.close()
		s.flake.segments.forget(s.core)
	}
	runtime.KeepAlive(s)
	return nil
}

// Tag is the tag's name.
func (s *Segment) Tag() string { return s.tag }

// inSegment is within, of a Segment.
func inSegment[T any](s *Segment, call func(segment capi.Segment) (T, *capi.Failure)) (T, error) {
	out, failure := call(s.handle)
	runtime.KeepAlive(s)
	return out, errorOf(failure)
}

// Next draws one ID, 1..2^63 - 1. The draw that passes the mark fetches the next segment, unless a
// background thread serves the tag; while IDs are left a server that does not answer holds it up for
// 100 ms at most. With no ID left it waits for the next segment until WithWaitTimeoutMS, no longer
// when the store's answer is one that time does not mend.
//
// Errors, with the store's own words: ErrStoreUnavailable, ErrStoreDenied, ErrStoreSchema,
// ErrStoreLocked and others of the store, ErrTagUnknown, ErrStep, ErrSegmentRange,
// ErrSegmentBackwards, ErrReserve; ErrSegmentEmpty; those of Open when it follows a retired region;
// ErrClosed. May block.
func (s *Segment) Next() (ID, error) {
	id, failure := s.handle.Next()
	runtime.KeepAlive(s) // inSegment, by hand: it is the hot path
	if failure != nil {
		return 0, errorOf(failure)
	}
	return ID(id), nil
}

// NextNowait draws one ID, but fails with ErrWouldWait, and draws nothing, where Next would fetch,
// sleep or fail. Errors: ErrWouldWait, ErrClosed. Does not block.
func (s *Segment) NextNowait() (ID, error) {
	return inSegment(s, func(segment capi.Segment) (ID, *capi.Failure) {
		id, failure := segment.NextNowait()
		return ID(id), failure
	})
}

// NextN draws len(dst) IDs into dst, ascending, not always contiguous. n tells how many are valid,
// also when it fails. As Next; the wait counts for the whole call. Errors: also ErrCount when dst is
// empty. May block.
func (s *Segment) NextN(dst []ID) (n int, err error) {
	return inSegment(s, func(segment capi.Segment) (int, *capi.Failure) {
		return segment.NextN(*(*[]uint64)(unsafe.Pointer(&dst))) // an ID is a uint64
	})
}

// StoreInit makes the tables of a store, those that are missing, for segments and, in a store that
// hosts share, for leases of worker IDs: for an operator, before the first use. The URL "" is that of
// WithStore or the configuration if hosts share it, then that of WithSegmentStore if it is given or
// there was none. The options say where to look for settings, and how long to wait. Errors: those of
// the caller, of the configuration and of the store. May block.
func StoreInit(url string, options ...Option) error {
	return errorOf(capi.StoreInit(url, collect(options)))
}
