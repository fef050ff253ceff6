// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

// A Lease is shmflake_lease.
type Lease struct {
	WorkerID      uint32
	Held          bool
	InstanceID    uint64
	HorizonUnixMS int64
	TTLMS         int64
	UpdatedUnixMS int64
	ThisHost      bool
	IsFree        bool
	Region        string
	Host          string
}

// Leases is shmflake_leases, all of them. The name "" is NULL.
func Leases(name string, options *Options) ([]Lease, *Failure) {
	var entries []C.shmflake_lease
	failure := withArguments(name, options, func(a *arguments) (failure *Failure) {
		entries, failure = list(64, func(out *C.shmflake_lease, capacity C.size_t, count *C.size_t) C.int {
			return C.shmflake_leases(a.name, a.options, out, capacity, count)
		})
		return failure
	})
	if failure != nil {
		return nil, failure
	}
	out := make([]Lease, 0, len(entries))
	for i := range entries {
		entry := &entries[i]
		out = append(out, Lease{
			WorkerID:      uint32(entry.worker_id),
			Held:          entry.held != 0,
			InstanceID:    uint64(entry.instance_id),
			HorizonUnixMS: int64(entry.horizon_unix_ms),
			TTLMS:         int64(entry.ttl_ms),
			UpdatedUnixMS: int64(entry.updated_unix_ms),
			ThisHost:      entry.this_host != 0,
			IsFree:        entry.is_free != 0,
			Region:        C.GoString(&entry.region[0]),
			Host:          C.GoString(&entry.host[0]),
		})
	}
	return out, nil
}

// LeaseFree is shmflake_lease_free. The name "" is NULL.
func LeaseFree(name string, workerID uint32, options *Options) *Failure {
	return withArguments(name, options, func(a *arguments) *Failure {
		return failureOf(C.shmflake_lease_free(a.name, a.options, C.uint32_t(workerID)))
	})
}

// LeaseRelease is shmflake_lease_release. The name "" is NULL.
func LeaseRelease(name string, options *Options) *Failure {
	return withArguments(name, options, func(a *arguments) *Failure {
		return failureOf(C.shmflake_lease_release(a.name, a.options))
	})
}
