// SPDX-License-Identifier: Apache-2.0

package shmflake

import "github.com/shmflake/shmflake/bindings/go/internal/capi"

// An Option is a setting of Open, Retire or Settings. A later one replaces an earlier one.
//
// A number that is 0 means that the setting is not given, unless the option says otherwise. What is
// not given is looked for in the environment, then in snowflake.toml, then has the default. What is
// "of the region" becomes part of a new one: attaching to one that was made with another value is
// ErrSettingsDiffer, and what is said nowhere is taken from the region. A value out of its range is
// ErrOption unless said otherwise, when the option is used.
type Option func(*capi.Options)

// An Ordering is what a region promises about the order of its IDs.
type Ordering uint32

const (
	// OrderingStrict, the default: if one draw from the region ends before another begins, anywhere
	// on the host, the second ID is larger. (A region that comes back with another worker ID starts
	// at the clock, and may be max_backward_ms behind what it issued.)
	OrderingStrict Ordering = 1
	// OrderingRelaxed: time-ordered to one tick, plus what the state runs ahead of the clock (at most
	// max_backward_ms). Each process draws from small blocks, so that many processes do not contend
	// for one cache line.
	OrderingRelaxed Ordering = 2
)

func collect(options []Option) *capi.Options {
	var all capi.Options
	for _, option := range options {
		option(&all)
	}
	return &all
}

func onOrOff(on bool) uint32 {
	if on {
		return capi.On
	}
	return capi.Off
}

// WithConfigFile names the TOML file, keys at top level or in one table [snowflake]. Default:
// SNOWFLAKE_CONFIG, else /etc/snowflake.toml if there is one. Errors: ErrConfigNotFound and the
// other ErrConfig...
func WithConfigFile(path string) Option {
	return func(o *capi.Options) { o.ConfigFile = &path }
}

// WithDirectory says where regions lie; it is made with mode 0700 if missing. Default: SHMFLAKE_DIR,
// else /dev/shm/shmflake-UID, the same for every process of a user. Errors: ErrDirectory.
func WithDirectory(path string) Option {
	return func(o *capi.Options) { o.Directory = &path }
}

// WithStateDirectory says where the lock file and the SQLite store lie; it must outlive a reboot.
// Default: SHMFLAKE_STATE_DIR, else /var/lib/shmflake for root, else .local/state/shmflake in the
// home directory that the user database names, else /var/tmp/shmflake-UID. Errors:
// ErrStateDirectory.
func WithStateDirectory(path string) Option {
	return func(o *capi.Options) { o.StateDirectory = &path }
}

// WithIDNamespace says what worker IDs are unique in: 1..63 of [A-Za-z0-9._-]. Of the region.
// Default: the region's name, so that two regions of different names may issue equal IDs, unless
// they are given one namespace. Errors: ErrName.
func WithIDNamespace(name string) Option {
	return func(o *capi.Options) { o.IDNamespace = &name }
}

// WithStore says who remembers horizons: "sqlite" (default), for one host; the URL of a store that
// hosts share, as WithSegmentStore has it: "mysql://user@host:port/database", "postgres://...",
// "etcd://host:port,.../prefix"; or "none", which keeps nothing: uniqueness over a loss of the region
// then rests on the clock. Of the region. Errors: ErrStoreUnknown, ErrStoreURL.
func WithStore(store string) Option {
	return func(o *capi.Options) { o.Store = &store }
}

// WithGroup names a group (or its number) whose members may attach too; it widens the default mode
// to 0660. Of the region. Default: none. Costs: every member can break the region.
func WithGroup(group string) Option {
	return func(o *capi.Options) { o.Group = &group }
}

// WithMode is the region file's mode: 0600 (default), or with a group 0640, 0660.
func WithMode(mode uint32) Option {
	return func(o *capi.Options) { o.Mode = mode }
}

// WithWorkerID is what tells this host from others: 0..2^worker_id_bits - 1, 0 included. Of the
// region. Default: SNOWFLAKE_WORKER_ID or SHMFLAKE_WORKER_ID, the file's worker_id, or datacenter_id
// and machine_id; else one that is leased from a store which hosts share; else the ordinal of a
// Kubernetes StatefulSet's pod; else the last bits of the host's IPv4 address, which Status marks as
// not guaranteed unique. Errors: ErrWorkerID.
func WithWorkerID(id uint32) Option {
	return func(o *capi.Options) {
		o.WorkerID = id
		o.Set |= capi.SetWorkerID
	}
}

// WithMaxBackwardMS is how far the state may run ahead of the clock, by bursts or by a clock that
// was set back, before draws wait: 0..60000 ms, 0 included. Of the region. Default: 10, or 2 ticks if
// that is more.
func WithMaxBackwardMS(ms uint32) Option {
	return func(o *capi.Options) {
		o.MaxBackwardMS = ms
		o.Set |= capi.SetMaxBackward
	}
}

// WithMaxForwardMS refuses a forward jump of the clock by more than this that CLOCK_BOOTTIME did not
// see: 1..2^31-1 ms. Default: jumps are followed, logged and counted.
func WithMaxForwardMS(ms uint32) Option {
	return func(o *capi.Options) { o.MaxForwardMS = ms }
}

// WithMaxRecoveryMS is how far ahead of the clock an old horizon may be for a new region to start
// there: 1..2^31-1 ms. Default: 60000.
func WithMaxRecoveryMS(ms uint32) Option {
	return func(o *capi.Options) { o.MaxRecoveryMS = ms }
}

// WithHorizonMS is how far ahead the lease is taken, hence the outage of the store that is survived:
// 100..86400000 ms, more than 2 x max_backward_ms. Of the region. Default: 10000, or 4 x
// max_backward_ms if that is more.
func WithHorizonMS(ms uint32) Option {
	return func(o *capi.Options) { o.HorizonMS = ms }
}

// WithWaitTimeoutMS is the longest that a call may wait: 1..3600000 ms. Default: 1000, or 2 ticks if
// that is more.
func WithWaitTimeoutMS(ms uint32) Option {
	return func(o *capi.Options) { o.WaitTimeoutMS = ms }
}

// WithLeaseTTLMS is, in a store that hosts share, for how long no other host takes this one's worker ID
// after the last extension of its lease, by the store's clock: 1000..172800000 ms, more than
// horizon_ms. Whoever takes it afterwards starts above all that was granted. Of the region. Default:
// 60000, or 2 x horizon_ms if that is more.
func WithLeaseTTLMS(ms int64) Option {
	return func(o *capi.Options) { o.LeaseTTLMS = ms }
}

// WithOrdering is OrderingStrict or OrderingRelaxed. Of the region. Default: OrderingStrict.
func WithOrdering(ordering Ordering) Option {
	return func(o *capi.Options) { o.Ordering = uint32(ordering) }
}

// WithBackgroundThread has one thread of this process (of the operating system, not a goroutine)
// extend the lease and follow a retired region. Default: false.
func WithBackgroundThread(on bool) Option {
	return func(o *capi.Options) { o.BackgroundThread = onOrOff(on) }
}

// WithSigbusGuard installs a SIGBUS handler, so that a region file that was truncated is
// ErrRegionLost. Default: true.
func WithSigbusGuard(on bool) Option {
	return func(o *capi.Options) { o.SigbusGuard = onOrOff(on) }
}

// WithAttachOnly creates no region, but returns ErrNotFound. Default: false.
func WithAttachOnly(only bool) Option {
	return func(o *capi.Options) {
		o.AttachOnly = 0
		if only {
			o.AttachOnly = 1
		}
	}
}
