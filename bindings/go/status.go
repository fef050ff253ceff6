// SPDX-License-Identifier: Apache-2.0

package shmflake

import "github.com/shmflake/shmflake/bindings/go/internal/capi"

// A Source is where a worker ID came from.
type Source uint32

const (
	SourceOption      Source = 1
	SourceEnvironment Source = 2
	SourceConfigFile  Source = 3
	SourceLease       Source = 4
	SourceStatefulset Source = 5
	SourceHostAddress Source = 6 // not guaranteed unique
)

// A Store is what remembers horizons.
type Store uint32

const (
	StoreNone     Store = 1
	StoreSqlite   Store = 2
	StoreMysql    Store = 3
	StorePostgres Store = 4
	StoreEtcd     Store = 5
)

// A Status is a snapshot of a region, for people and metrics.
type Status struct {
	// Fixed when the region was created.

	Name                     string
	IDNamespace              string
	Path                     string // the region file, cut to fit
	InstanceID               uint64
	CreatedUnixMS            int64
	EpochMS                  int64
	LayoutVersion            uint32 // of the region file
	TickUS                   uint32
	TimestampBits            uint32
	DatacenterBits           uint32
	MachineBits              uint32
	SequenceBits             uint32
	WorkerID                 uint32
	WorkerIDSource           Source
	WorkerIDSourceName       string // "environment", "host_address" ...
	WorkerIDGuaranteedUnique bool   // false when nothing but a host address tells hosts apart
	SurvivesRegionLoss       bool   // false for the store "none": uniqueness then rests on the clock
	Store                    Store
	Ordering                 Ordering
	MaxBackwardMS            uint32
	HorizonMS                uint32
	RegionSize               uint64 // bytes
	BirthUnixMS              int64  // the tick it started at: its creation, or the old horizon

	// Now.

	Retired           bool    // no further ID comes from it
	Lost              bool    // the file was removed, truncated or overwritten
	LastID            ID      // the state word as an ID; 0 if none was drawn yet
	LastUnixMS        int64   // its timestamp
	AheadMS           int64   // state minus clock: > 0 after a burst or a clock rollback
	CeilingUnixMS     int64   // the first instant that may not be issued
	CeilingInMS       int64   // from now; negative when it is passed
	YearsLeft         float64 // of the timestamp's range, in years of 365.25 days
	ClockSynchronised uint32  // the kernel's word: 1 yes, 0 no, 2 unknown
	TSCWindow         bool    // the clock is read once a tick, the TSC in between

	// Counters over the region's life; they never fall.

	IDsIssued         uint64
	Waits             uint64 // calls that had to sleep
	Refusals          uint64 // calls that failed on the draw
	LeaseExtensions   uint64
	LeaseFailures     uint64 // extensions that the store refused
	ClockRollbacks    uint64
	ClockForwardJumps uint64
	Slots             uint32 // in the region
	SlotsUsed         uint32 // of living processes
	LastStoreError    string // this process's last; "" if none

	// Of the ID layout, fixed as well.

	Layout     string // the layout by name that it is, epoch and all; "" if none
	WorkerLast bool   // the worker ID is behind the sequence
	IDBits     uint32 // 63, or 53

	// Of the lease.

	LeaseTTLMS int64  // in a store that hosts share, else 0
	Host       string // this host, as the store has it
	StoreURL   string // a store that hosts share, without secrets, cut to fit; else ""
}

// Status is a snapshot. Errors: ErrClosed. Does not wait, but makes a few system calls.
func (f *Flake) Status() (Status, error) {
	return within(f, func(handle capi.Handle) (Status, *capi.Failure) {
		status, failure := capi.ReadStatus[ID, Source, Store, Ordering](handle)
		return Status(status), failure
	})
}

// A Process is a handle that is attached to the region and has a slot in it.
type Process struct {
	PID            uint32 // in the process's own PID namespace
	Alive          bool   // attached now; false: it ended without closing
	AttachedUnixMS int64
	IDsIssued      uint64 // by this attachment
	Waits          uint64
	Refusals       uint64
	Command        string
}

// Processes are the attached processes that have a slot, one entry a handle. Errors: ErrRegionLost,
// ErrClosed. Does not wait, but makes a system call per slot.
func (f *Flake) Processes() ([]Process, error) {
	return within(f, func(handle capi.Handle) ([]Process, *capi.Failure) {
		entries, failure := handle.Processes()
		processes := make([]Process, 0, len(entries))
		for _, entry := range entries {
			processes = append(processes, Process(entry))
		}
		return processes, failure
	})
}

// A Setting is a line of what Open would use.
type Setting struct {
	Key    string
	Value  string // as text; "" where there is none
	Source string // "option", "environment SHMFLAKE_DIR", "/etc/snowflake.toml:3", "default" ...
}

// Settings are what Open would use, setting by setting, without touching a region. Errors: those of
// the caller and of the configuration. Reads files.
func Settings(name string, options ...Option) ([]Setting, error) {
	entries, failure := capi.Settings(name, collect(options))
	if failure != nil {
		return nil, errorOf(failure)
	}
	settings := make([]Setting, 0, len(entries))
	for _, entry := range entries {
		settings = append(settings, Setting(entry))
	}
	return settings, nil
}
