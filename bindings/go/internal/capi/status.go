// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

import "runtime"

// Status is shmflake_status_info. The types are those of package shmflake, so that its struct is
// this one: a field that one of them lacks does not compile.
type Status[ID ~uint64, Source, Store, Ordering ~uint32] struct {
	Name                     string
	IDNamespace              string
	Path                     string
	InstanceID               uint64
	CreatedUnixMS            int64
	EpochMS                  int64
	LayoutVersion            uint32
	TickUS                   uint32
	TimestampBits            uint32
	DatacenterBits           uint32
	MachineBits              uint32
	SequenceBits             uint32
	WorkerID                 uint32
	WorkerIDSource           Source
	WorkerIDSourceName       string
	WorkerIDGuaranteedUnique bool
	SurvivesRegionLoss       bool
	Store                    Store
	Ordering                 Ordering
	MaxBackwardMS            uint32
	HorizonMS                uint32
	RegionSize               uint64
	BirthUnixMS              int64

	Retired           bool
	Lost              bool
	LastID            ID
	LastUnixMS        int64
	AheadMS           int64
	CeilingUnixMS     int64
	CeilingInMS       int64
	YearsLeft         float64
	ClockSynchronised uint32
	TSCWindow         bool

	IDsIssued         uint64
	Waits             uint64
	Refusals          uint64
	LeaseExtensions   uint64
	LeaseFailures     uint64
	ClockRollbacks    uint64
	ClockForwardJumps uint64
	Slots             uint32
	SlotsUsed         uint32
	LastStoreError    string

	Layout     string
	WorkerLast bool
	IDBits     uint32

	LeaseTTLMS int64
	Host       string
	StoreURL   string
}

// ReadStatus is shmflake_status.
func ReadStatus[ID ~uint64, Source, Store, Ordering ~uint32](h Handle) (Status[ID, Source, Store, Ordering], *Failure) {
	var info C.shmflake_status_info
	if failure := h.readStatus(&info); failure != nil {
		return Status[ID, Source, Store, Ordering]{}, failure
	}
	return Status[ID, Source, Store, Ordering]{
		Name:                     C.GoString(&info.name[0]),
		IDNamespace:              C.GoString(&info.id_namespace[0]),
		Path:                     C.GoString(&info.path[0]),
		InstanceID:               uint64(info.instance_id),
		CreatedUnixMS:            int64(info.created_unix_ms),
		EpochMS:                  int64(info.epoch_ms),
		LayoutVersion:            uint32(info.layout_version),
		TickUS:                   uint32(info.tick_us),
		TimestampBits:            uint32(info.timestamp_bits),
		DatacenterBits:           uint32(info.datacenter_bits),
		MachineBits:              uint32(info.machine_bits),
		SequenceBits:             uint32(info.sequence_bits),
		WorkerID:                 uint32(info.worker_id),
		WorkerIDSource:           Source(info.worker_id_source),
		WorkerIDSourceName:       C.GoString(&info.worker_id_source_name[0]),
		WorkerIDGuaranteedUnique: info.worker_id_guaranteed_unique != 0,
		SurvivesRegionLoss:       info.survives_region_loss != 0,
		Store:                    Store(info.store),
		Ordering:                 Ordering(info.ordering),
		MaxBackwardMS:            uint32(info.max_backward_ms),
		HorizonMS:                uint32(info.horizon_ms),
		RegionSize:               uint64(info.region_size),
		BirthUnixMS:              int64(info.birth_unix_ms),
		Retired:                  info.retired != 0,
		Lost:                     info.lost != 0,
		LastID:                   ID(info.last_id),
		LastUnixMS:               int64(info.last_unix_ms),
		AheadMS:                  int64(info.ahead_ms),
		CeilingUnixMS:            int64(info.ceiling_unix_ms),
		CeilingInMS:              int64(info.ceiling_in_ms),
		YearsLeft:                float64(info.years_left),
		ClockSynchronised:        uint32(info.clock_synchronised),
		TSCWindow:                info.tsc_window != 0,
		IDsIssued:                uint64(info.ids_issued),
		Waits:                    uint64(info.waits),
		Refusals:                 uint64(info.refusals),
		LeaseExtensions:          uint64(info.lease_extensions),
		LeaseFailures:            uint64(info.lease_failures),
		ClockRollbacks:           uint64(info.clock_rollbacks),
		ClockForwardJumps:        uint64(info.clock_forward_jumps),
		Slots:                    uint32(info.slots),
		SlotsUsed:                uint32(info.slots_used),
		LastStoreError:           C.GoString(&info.last_store_error[0]),
		Layout:                   C.GoString(&info.layout[0]),
		WorkerLast:               info.worker_last != 0,
		IDBits:                   uint32(info.id_bits),
		LeaseTTLMS:               int64(info.lease_ttl_ms),
		Host:                     C.GoString(&info.host[0]),
		StoreURL:                 C.GoString(&info.store_url[0]),
	}, nil
}

func (h Handle) readStatus(info *C.shmflake_status_info) *Failure {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	info.struct_size = C.sizeof_shmflake_status_info
	return failureOf(C.capi_status(h.c, info))
}
