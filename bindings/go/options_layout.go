// SPDX-License-Identifier: Apache-2.0

package shmflake

import "github.com/shmflake/shmflake/bindings/go/internal/capi"

// The ID layout: 63 bits, of which the timestamp gets what the others leave. All of these are of the
// region, and refused with ErrLayout.

// WithLayout sets the layout by name (see Layouts): all bits, their order, the tick and, unless
// WithEpochMS is given too, the epoch. Other values of those are ErrLayout.
func WithLayout(name string) Option {
	return func(o *capi.Options) { o.Layout = &name }
}

// WithTimestampBits may only say what the others leave: 63 - worker_id_bits - sequence_bits, at
// least 20.
func WithTimestampBits(bits uint32) Option {
	return func(o *capi.Options) { o.TimestampBits = bits }
}

// WithWorkerIDBits is 1..22. Default: 8.
func WithWorkerIDBits(bits uint32) Option {
	return func(o *capi.Options) { o.WorkerIDBits = bits }
}

// WithMachineBits is 1..worker_id_bits; the rest, above it, is the datacenter ID. Default:
// worker_id_bits - 2 (at least 1).
func WithMachineBits(bits uint32) Option {
	return func(o *capi.Options) { o.MachineBits = bits }
}

// WithSequenceBits is 1..31. Default: 12.
func WithSequenceBits(bits uint32) Option {
	return func(o *capi.Options) { o.SequenceBits = bits }
}

// WithTickUS is the timestamp's unit: 100..1000000 microseconds. Default: 1000.
func WithTickUS(us uint32) Option {
	return func(o *capi.Options) { o.TickUS = us }
}

// WithEpochMS is the Unix milliseconds of timestamp 0, not after now, 0 included. Default:
// 1609459200000 (2021-01-01T00:00:00Z), or the layout's.
func WithEpochMS(ms int64) Option {
	return func(o *capi.Options) {
		o.EpochMS = ms
		o.Set |= capi.SetEpoch
	}
}
