// SPDX-License-Identifier: Apache-2.0

package shmflake

import "github.com/shmflake/shmflake/bindings/go/internal/capi"

// A LayoutInfo is an ID layout that is known by name. WithLayout makes a region of one.
type LayoutInfo struct {
	Name           string
	About          string // whose it is, how long it lasts, what it gives up
	EpochMS        int64  // Unix ms of timestamp 0
	UntilUnixMS    int64  // the first instant that it has no timestamp for
	IDBits         uint32 // 63, or 53
	TimestampBits  uint32
	DatacenterBits uint32
	MachineBits    uint32
	SequenceBits   uint32
	TickUS         uint32
	WorkerLast     bool // timestamp, sequence, worker ID; else timestamp, worker ID, sequence
}

// Layouts are the layouts that the library knows by name: "default", "twitter", "sonyflake" ... Does
// not block.
func Layouts() ([]LayoutInfo, error) {
	var layouts []LayoutInfo
	for {
		layout, found, failure := capi.Layout(len(layouts))
		if failure != nil {
			return nil, errorOf(failure)
		}
		if !found {
			return layouts, nil
		}
		layouts = append(layouts, LayoutInfo(layout))
	}
}

// DecodeLayout takes an ID of a layout by name apart, with that layout's epoch, without a region.
// Errors: ErrLayout (its message has the names); ErrID (the ID has more bits than the layout). Does
// not block.
func DecodeLayout(layout string, id ID) (Parts, error) {
	parts, failure := capi.DecodeLayout(layout, uint64(id))
	return Parts(parts), errorOf(failure)
}
