// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

import "runtime"

// Parts is shmflake_parts.
type Parts struct {
	UnixMS       int64
	UnixNS       int64
	Timestamp    uint64
	Sequence     uint64
	WorkerID     uint32
	DatacenterID uint32
	MachineID    uint32
}

func partsOf(out C.capi_parts) (Parts, *Failure) {
	if out.code != C.SHMFLAKE_OK {
		return Parts{}, failureOf(out.code)
	}
	return Parts{
		UnixMS:       int64(out.parts.unix_ms),
		UnixNS:       int64(out.parts.unix_ns),
		Timestamp:    uint64(out.parts.timestamp),
		Sequence:     uint64(out.parts.sequence),
		WorkerID:     uint32(out.parts.worker_id),
		DatacenterID: uint32(out.parts.datacenter_id),
		MachineID:    uint32(out.parts.machine_id),
	}, nil
}

// Decode is shmflake_decode.
func (h Handle) Decode(id uint64) (Parts, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return partsOf(C.capi_decode(h.c, C.uint64_t(id)))
}

// Bounds is shmflake_bounds.
func (h Handle) Bounds(unixMS int64) (lowest, highest uint64, failure *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out := C.capi_bounds(h.c, C.int64_t(unixMS))
	if out.code != C.SHMFLAKE_OK {
		return 0, 0, failureOf(out.code)
	}
	return uint64(out.first), uint64(out.second), nil
}

// DecodeLayout is shmflake_decode_layout.
func DecodeLayout(layout string, id uint64) (Parts, *Failure) {
	if failure := refuseNUL("layout", layout, C.SHMFLAKE_E_LAYOUT); failure != nil {
		return Parts{}, failure
	}
	var buffer [bufferSize]byte
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return partsOf(C.capi_decode_layout(terminated(&buffer, layout), C.uint64_t(id)))
}

// A LayoutInfo is shmflake_layout_info.
type LayoutInfo struct {
	Name           string
	About          string
	EpochMS        int64
	UntilUnixMS    int64
	IDBits         uint32
	TimestampBits  uint32
	DatacenterBits uint32
	MachineBits    uint32
	SequenceBits   uint32
	TickUS         uint32
	WorkerLast     bool
}

// Layout is shmflake_layout; false past the last one.
func Layout(index int) (LayoutInfo, bool, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var out C.shmflake_layout_info
	out.struct_size = C.sizeof_shmflake_layout_info
	switch code := C.shmflake_layout(C.size_t(index), &out); code {
	case C.SHMFLAKE_OK:
	case C.SHMFLAKE_E_NOT_FOUND:
		return LayoutInfo{}, false, nil
	default:
		return LayoutInfo{}, false, failureOf(code)
	}
	return LayoutInfo{
		Name:           C.GoString(&out.name[0]),
		About:          C.GoString(&out.about[0]),
		EpochMS:        int64(out.epoch_ms),
		UntilUnixMS:    int64(out.until_unix_ms),
		IDBits:         uint32(out.id_bits),
		TimestampBits:  uint32(out.timestamp_bits),
		DatacenterBits: uint32(out.datacenter_bits),
		MachineBits:    uint32(out.machine_bits),
		SequenceBits:   uint32(out.sequence_bits),
		TickUS:         uint32(out.tick_us),
		WorkerLast:     out.worker_last != 0,
	}, true, nil
}
