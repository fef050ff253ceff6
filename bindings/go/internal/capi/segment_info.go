// SPDX-License-Identifier: Apache-2.0

package capi

// #include "segment.h"
import "C"

import "runtime"

// SegmentInfo is shmflake_segment_info, in the types of package shmflake, as Status is.
type SegmentInfo[ID ~uint64, Code ~int] struct {
	Tag               string
	Store             string
	Generation        uint64
	FirstID           ID
	LastID            ID
	NextID            ID
	Remaining         uint64
	RemainingNext     uint64
	Step              uint64
	LastFetchUnixMS   int64
	LastFetchUS       uint64
	Fetches           uint64
	FetchFailures     uint64
	FetchesUnfinished uint64
	IDsGranted        uint64
	IDsLost           uint64
	NextAttemptInMS   int64
	LastError         Code
	FailuresInRow     uint32
	LastErrorText     string
}

func segmentInfo[ID ~uint64, Code ~int](info *C.shmflake_segment_info) SegmentInfo[ID, Code] {
	return SegmentInfo[ID, Code]{
		Tag:               C.GoString(&info.tag[0]),
		Store:             C.GoString(&info.store[0]),
		Generation:        uint64(info.generation),
		FirstID:           ID(info.first_id),
		LastID:            ID(info.last_id),
		NextID:            ID(info.next_id),
		Remaining:         uint64(info.remaining),
		RemainingNext:     uint64(info.remaining_next),
		Step:              uint64(info.step),
		LastFetchUnixMS:   int64(info.last_fetch_unix_ms),
		LastFetchUS:       uint64(info.last_fetch_us),
		Fetches:           uint64(info.fetches),
		FetchFailures:     uint64(info.fetch_failures),
		FetchesUnfinished: uint64(info.fetches_unfinished),
		IDsGranted:        uint64(info.ids_granted),
		IDsLost:           uint64(info.ids_lost),
		NextAttemptInMS:   int64(info.next_attempt_in_ms),
		LastError:         Code(info.last_error),
		FailuresInRow:     uint32(info.failures_in_row),
		LastErrorText:     C.GoString(&info.last_error_text[0]),
	}
}

// ReadSegmentStatus is shmflake_segment_status.
func ReadSegmentStatus[ID ~uint64, Code ~int](s Segment) (SegmentInfo[ID, Code], *Failure) {
	var info C.shmflake_segment_info
	if failure := s.readStatus(&info); failure != nil {
		return SegmentInfo[ID, Code]{}, failure
	}
	return segmentInfo[ID, Code](&info), nil
}

func (s Segment) readStatus(info *C.shmflake_segment_info) *Failure {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	info.struct_size = C.sizeof_shmflake_segment_info
	return failureOf(C.capi_segment_status(s.c, info))
}

// Segments is shmflake_segment_at, of all there are.
func Segments[ID ~uint64, Code ~int](h Handle) ([]SegmentInfo[ID, Code], *Failure) {
	var all []SegmentInfo[ID, Code]
	for {
		var info C.shmflake_segment_info
		failure := h.segmentAt(len(all), &info)
		if failure != nil && failure.Code == C.SHMFLAKE_E_NOT_FOUND {
			return all, nil
		}
		if failure != nil {
			return nil, failure
		}
		all = append(all, segmentInfo[ID, Code](&info))
	}
}

func (h Handle) segmentAt(index int, info *C.shmflake_segment_info) *Failure {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	info.struct_size = C.sizeof_shmflake_segment_info
	return failureOf(C.capi_segment_at(h.c, C.size_t(index), info))
}
