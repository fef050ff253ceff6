// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"math"
	"time"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// Parts is what an ID says.
type Parts struct {
	UnixMS       int64  // the tick's beginning, Unix milliseconds, rounded down
	UnixNS       int64  // the same in nanoseconds; math.MaxInt64 when it does not fit (after 2262)
	Timestamp    uint64 // ticks since the epoch
	Sequence     uint64 // 0..2^sequence_bits - 1
	WorkerID     uint32 // DatacenterID << machine_bits | MachineID
	DatacenterID uint32 // the worker ID's upper part
	MachineID    uint32 // its lower machine_bits
}

// Time is the tick's beginning, UTC.
func (p Parts) Time() time.Time {
	if p.UnixNS == math.MaxInt64 {
		return time.UnixMilli(p.UnixMS).UTC()
	}
	return time.Unix(0, p.UnixNS).UTC()
}

// Decode takes an ID of this region's layout apart (any worker's). Errors: ErrID (the ID has the
// sign bit); ErrClosed. Does not block.
func (f *Flake) Decode(id ID) (Parts, error) {
	return within(f, func(handle capi.Handle) (Parts, *capi.Failure) {
		parts, failure := handle.Decode(uint64(id))
		return Parts(parts), failure
	})
}

// Bounds are the lowest and the highest ID that can bear the tick of the instant, any worker's, for
// range queries: "created between a and b" is id >= lowest(a) AND id <= highest(b). Errors:
// ErrInstant (before the epoch, or after the time range); ErrClosed. Does not block.
func (f *Flake) Bounds(instant time.Time) (lowest, highest ID, err error) {
	bounds, err := within(f, func(handle capi.Handle) ([2]ID, *capi.Failure) {
		lowest, highest, failure := handle.Bounds(unixMS(instant))
		return [2]ID{ID(lowest), ID(highest)}, failure
	})
	return bounds[0], bounds[1], err
}

// unixMS is the instant's, or the nearest that there is: UnixMilli wraps around.
func unixMS(instant time.Time) int64 {
	switch seconds := instant.Unix(); {
	case seconds >= math.MaxInt64/1000:
		return math.MaxInt64
	case seconds <= math.MinInt64/1000:
		return math.MinInt64
	}
	return instant.UnixMilli()
}
