// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"context"
	"math"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// NoTTL is the TTLMS of a Lease in a store that keeps no time to live: "sqlite".
const NoTTL int64 = math.MaxInt64

// A Lease is a worker ID's record in the store of a namespace.
type Lease struct {
	WorkerID      uint32
	Held          bool   // a region has it, or had it and never ended
	InstanceID    uint64 // that region's; 0: none
	HorizonUnixMS int64  // all that was ever granted lies before this instant
	TTLMS         int64  // until another host may take it, by the store's clock: 0 or less: now; NoTTL
	UpdatedUnixMS int64  // when the record was written last, by the store's clock
	ThisHost      bool   // its last holder was a region of this state directory
	IsFree        bool   // nobody holds it, or its holder's time to live has ended
	Region        string // of the last holder
	Host          string
}

// Leases are the worker IDs that were ever leased in the namespace of the region of that name,
// ascending; "" is the region "default". The options are those of Open, of which WithStore and
// WithIDNamespace matter most; what they leave open is taken from the region, if there is one.
//
// Errors: those of the configuration and of the store; ErrNotFound when a store that hosts share does
// not know the namespace. May block.
func Leases(name string, options ...Option) ([]Lease, error) {
	entries, failure := capi.Leases(name, collect(options))
	if failure != nil {
		return nil, errorOf(failure)
	}
	leases := make([]Lease, 0, len(entries))
	for _, entry := range entries {
		leases = append(leases, Lease(entry))
	}
	return leases, nil
}

// LeaseFree ends whoever holds the worker ID, so that it can be leased at once: for a host that is
// gone. It is safe also if that host is not: its region draws up to its ceiling, then leases anew,
// and the next holder starts above. A worker ID that nobody holds stays as it is. Name and options
// are those of Leases.
//
// Errors: ErrNotFound when it was never leased; otherwise as Leases. May block.
func LeaseFree(name string, workerID uint32, options ...Option) error {
	return errorOf(capi.LeaseFree(name, workerID, collect(options)))
}

// LeaseRelease ends this host in good order: it retires the region of that name, which gives the
// unused part of its lease back; or, where the region is gone already, ends the lease that it left in
// a store which hosts share.
//
// Errors: ErrNotFound when there is neither; ErrWorkerHeld when processes still draw from a region
// that was removed; otherwise as Retire and Leases. May block.
func LeaseRelease(name string, options ...Option) error {
	return errorOf(capi.LeaseRelease(name, collect(options)))
}

// LeasesContext is Leases, but returns when the context is done.
func LeasesContext(ctx context.Context, name string, options ...Option) ([]Lease, error) {
	return await(ctx, func() ([]Lease, error) { return Leases(name, options...) })
}

// LeaseFreeContext is LeaseFree, but returns when the context is done. The worker ID may be freed all
// the same.
func LeaseFreeContext(ctx context.Context, name string, workerID uint32, options ...Option) error {
	_, err := await(ctx, func() (struct{}, error) {
		return struct{}{}, LeaseFree(name, workerID, options...)
	})
	return err
}

// LeaseReleaseContext is LeaseRelease, but returns when the context is done. The region may be
// retired all the same.
func LeaseReleaseContext(ctx context.Context, name string, options ...Option) error {
	_, err := await(ctx, func() (struct{}, error) {
		return struct{}{}, LeaseRelease(name, options...)
	})
	return err
}
