// SPDX-License-Identifier: Apache-2.0

// Package shmflake gives every process on a host unique, ordered 64-bit IDs, UUIDv7s and ULIDs out
// of one shared-memory file: no daemon, no network call, no lock.
//
//	flake, err := shmflake.Open("")
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer flake.Close()
//	id, err := flake.Next()
//
// It calls the C library libshmflake and decides nothing itself. The library's header, shmflake.h,
// is the manual; names here are the header's, in Go's spelling.
//
// # Segments
//
// Dense IDs, 1, 2, 3 ..., come from segments: ranges that the host's processes share, and take from a
// store (SQLite, MariaDB or MySQL, PostgreSQL, etcd) or from a function of yours.
//
//	orders, err := flake.Segment("orders", nil)
//	id, err := orders.Next()
//
// # Leases
//
// Hosts need different worker IDs. WithStore("etcd://a:2379,b:2379/ids") leases one from a store that
// they share; Leases tells who holds which, LeaseRelease ends this host's lease, and LeaseFree that of
// a host that is gone.
//
// # Building
//
// cgo and a C compiler are needed, and one of two:
//
//   - the installed library: pkg-config finds it as "shmflake". This is what happens by default.
//   - the build tag shmflake_amalgamation: the library is compiled from a single file within this
//     module, so that no shmflake need be installed. That needs a C++20 compiler, the headers of
//     Boost.Interprocess and toml++, and SQLite with its header (Debian: g++ libboost-dev
//     libtomlplusplus-dev libsqlite3-dev). The program then needs libsqlite3 and libstdc++ to run.
//
// # Goroutines
//
// All functions and methods may be called by any goroutines at once, Close among them: it lets the
// calls that are under way end. One Flake for the whole program is the usual thing. A call that
// waits occupies a thread of the operating system while it does, as every cgo call.
//
// # Waiting
//
// "May block" means: it may sleep, take file locks or write to the lease's store, never longer than
// WithWaitTimeoutMS says (1 s by default). Methods that end in Context also return as soon as their
// context is done, with its error, wrapped. The call that they began goes on in the background
// until its own deadline, and what it still draws is dropped: a gap, never a repeat. Close waits
// for it.
//
// # Processes
//
// Programs attach by themselves: a child that is started by os/exec opens the region as its parent
// did, by name, and draws from the same one. A handle is not inherited. Go programs do not fork
// without exec; one that does so by a raw system call must exec or exit in the child.
//
// The library reads the environment (SHMFLAKE_DIR, SNOWFLAKE_WORKER_ID ...) when a region is
// opened, as os.Setenv left it.
//
// The library handles SIGBUS, so that a region file that was truncated is ErrRegionLost, and passes
// every other SIGBUS on to Go's runtime; WithSigbusGuard turns that off.
//
// # Errors
//
// What the library refuses is an *Error, with the code and the library's message:
//
//	_, err := shmflake.Open("orders", shmflake.WithWorkerID(4096))
//	errors.Is(err, shmflake.ErrWorkerID) // true
//	err.Error()                          // "shmflake: worker_id must be 0..255: 4096"
//
// Next to those there are ErrClosed, the errors of contexts, and those of database/sql and
// encoding/json about values of a foreign type.
package shmflake
