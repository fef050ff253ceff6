// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"runtime"
	"unsafe"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// Next draws one ID. It waits when the sequence is used up, the clock is behind, or the lease cannot
// be extended; extends the lease when more than half of it is used; follows a retired region.
//
// In strict ordering, the default, if one draw ends before another begins, anywhere on the host,
// the second ID is larger.
//
// Errors: ErrExhausted, ErrClockBehind, ErrClockJump, ErrTimeRange; ErrCeiling and those of the
// store; ErrRegionLost, and those of Open when it follows a retired region; ErrClosed. May block.
func (f *Flake) Next() (ID, error) {
	id, failure := f.handle.Next()
	runtime.KeepAlive(f) // within, by hand: it is the hot path
	if failure != nil {
		return 0, errorOf(failure)
	}
	return ID(id), nil
}

// TryNext draws one ID or fails at once. It does not extend the lease nor follow a retired region: a
// host on which nothing else is called runs into ErrCeiling after WithHorizonMS, unless a process
// has WithBackgroundThread. NextNowait has no such trap.
//
// Errors: ErrExhausted, ErrClockBehind, ErrClockJump, ErrTimeRange; ErrCeiling; ErrRetired,
// ErrRegionLost; ErrClosed. Does not block.
func (f *Flake) TryNext() (ID, error) {
	return within(f, func(handle capi.Handle) (ID, *capi.Failure) {
		id, failure := handle.TryNext()
		return ID(id), failure
	})
}

// NextNowait draws one ID, but fails with ErrWouldWait, and draws nothing, where Next would sleep,
// ask the store or follow a retired region, or would fail. After ErrWouldWait, call Next (or
// NextContext, which does both). Errors: ErrWouldWait, ErrClosed. Does not block.
func (f *Flake) NextNowait() (ID, error) {
	return within(f, func(handle capi.Handle) (ID, *capi.Failure) {
		id, failure := handle.NextNowait()
		return ID(id), failure
	})
}

// NextN draws len(dst) IDs into dst, ascending. n tells how many are valid, also when it fails:
// those were drawn and are the caller's. As Next; the wait counts for the whole call. Errors: also
// ErrCount when dst is empty. May block.
func (f *Flake) NextN(dst []ID) (n int, err error) {
	return within(f, func(handle capi.Handle) (int, *capi.Failure) {
		return handle.NextN(*(*[]uint64)(unsafe.Pointer(&dst))) // an ID is a uint64
	})
}

// Block draws contiguous IDs in one atomic step, at least one and at most want. A block does not
// cross a tick, so that it often has fewer IDs than what was wanted. As Next. Errors: also ErrCount
// when want is 0; ErrLayout when the worker ID is behind the sequence. May block.
func (f *Flake) Block(want uint64) (Block, error) {
	return within(f, func(handle capi.Handle) (Block, *capi.Failure) {
		first, count, failure := handle.NextBlock(want)
		return Block{First: ID(first), Count: count}, failure
	})
}

// UUID7 draws a UUIDv7 (RFC 9562): in bytewise order it is larger than every UUIDv7 whose draw from
// this region ended before, in every process and either ordering. 48 bits of Unix milliseconds are
// followed by a 16-bit counter; the other 58 bits are cryptographically random. Waits, extends the
// lease, follows and fails as Next. May block.
func (f *Flake) UUID7() (UUID, error) {
	return within(f, func(handle capi.Handle) (UUID, *capi.Failure) {
		uuid, failure := handle.UUID7()
		return uuid, failure
	})
}

// UUID7Nowait is to UUID7 what NextNowait is to Next. Errors: ErrWouldWait, ErrClosed. Does not
// block.
func (f *Flake) UUID7Nowait() (UUID, error) {
	return within(f, func(handle capi.Handle) (UUID, *capi.Failure) {
		uuid, failure := handle.UUID7Nowait()
		return uuid, failure
	})
}

// UUID7N draws len(dst) UUIDv7s into dst, ascending. n tells how many are valid, also when it fails.
// As UUID7. Errors: also ErrCount when dst is empty. May block.
func (f *Flake) UUID7N(dst []UUID) (n int, err error) {
	return within(f, func(handle capi.Handle) (int, *capi.Failure) {
		return handle.UUID7N(*(*[][16]byte)(unsafe.Pointer(&dst))) // a UUID is a [16]byte
	})
}

// ULID draws a ULID (github.com/ulid/spec) from the same counter as UUID7: 48 bits of Unix
// milliseconds, the 16-bit counter, 64 random bits. ULIDs and UUIDv7s ascend in one common order of
// time and counter. As UUID7. May block.
func (f *Flake) ULID() (ULID, error) {
	return within(f, func(handle capi.Handle) (ULID, *capi.Failure) {
		ulid, failure := handle.ULID()
		return ulid, failure
	})
}

// ULIDNowait is to ULID what NextNowait is to Next. Errors: ErrWouldWait, ErrClosed. Does not block.
func (f *Flake) ULIDNowait() (ULID, error) {
	return within(f, func(handle capi.Handle) (ULID, *capi.Failure) {
		ulid, failure := handle.ULIDNowait()
		return ulid, failure
	})
}

// Observe tells the region of an ID from elsewhere (a hybrid logical clock): after it returns nil,
// every ID that is drawn from the region has a larger timestamp than id, hence is larger, whichever
// worker issued id. In relaxed ordering that holds for this handle.
//
// Errors: ErrID (the ID has the sign bit); ErrTooFarAhead (it is further ahead of the clock than
// WithMaxBackwardMS says; nothing is changed); ErrClockJump, ErrRetired, ErrRegionLost; ErrClosed.
// Does not block.
func (f *Flake) Observe(id ID) error {
	_, err := within(f, func(handle capi.Handle) (struct{}, *capi.Failure) {
		return struct{}{}, handle.Observe(uint64(id))
	})
	return err
}

// Watermark is the region's last ID: in strict ordering every later draw from it is larger. Errors:
// ErrRetired, ErrRegionLost; in relaxed ordering ErrOption, since processes hold blocks; ErrClosed.
// Does not block.
func (f *Flake) Watermark() (ID, error) {
	return within(f, func(handle capi.Handle) (ID, *capi.Failure) {
		id, failure := handle.Watermark()
		return ID(id), failure
	})
}
