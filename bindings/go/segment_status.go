// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"runtime"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// A SegmentStatus is a snapshot of a tag, for people and metrics.
type SegmentStatus struct {
	Tag               string
	Store             string // "sqlite", "mysql", "postgres", "etcd", "callback"
	Generation        uint64 // of the segment that is drawn from; 0: none yet
	FirstID           ID     // that segment's; 0: none yet
	LastID            ID
	NextID            ID     // the next one to be issued; 0: none is left of it
	Remaining         uint64 // of it
	RemainingNext     uint64 // in segments that were fetched ahead
	Step              uint64 // what was asked for last; 0: nothing yet
	LastFetchUnixMS   int64  // when the last segment came; 0: never
	LastFetchUS       uint64 // how long that took
	Fetches           uint64 // segments that came
	FetchFailures     uint64 // attempts that failed
	FetchesUnfinished uint64 // begun and not ended: under way, or their process was killed
	IDsGranted        uint64 // in the segments that came
	IDsLost           uint64 // of those: gaps that are known of
	NextAttemptInMS   int64  // after a failure: how long until the next attempt; else 0
	LastError         Code   // of the last attempt; 0: it succeeded
	FailuresInRow     uint32
	LastErrorText     string
}

// Status is a snapshot. Errors: ErrClosed. Does not block.
func (s *Segment) Status() (SegmentStatus, error) {
	return inSegment(s, func(segment capi.Segment) (SegmentStatus, *capi.Failure) {
		info, failure := capi.ReadSegmentStatus[ID, Code](segment)
		return SegmentStatus(info), failure
	})
}

// Segments are the region's tags, in no order. Errors: ErrClosed. Does not block.
func (f *Flake) Segments() ([]SegmentStatus, error) {
	infos, failure := capi.Segments[ID, Code](f.handle)
	runtime.KeepAlive(f)
	if failure != nil {
		return nil, errorOf(failure)
	}
	all := make([]SegmentStatus, 0, len(infos))
	for _, info := range infos {
		all = append(all, SegmentStatus(info))
	}
	return all, nil
}
