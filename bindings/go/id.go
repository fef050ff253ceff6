// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"strconv"
	"time"
)

// An ID is a snowflake, a number of at most 63 bits. In the default layout:
//
//	 63 62                      20 19      12 11         0
//	+--+--------------------------+----------+------------+
//	| 0| timestamp, 43            | worker, 8| sequence,12|
//	+--+--------------------------+----------+------------+
//
// The timestamp counts milliseconds since 2021-01-01T00:00:00Z, the worker ID tells hosts apart, and
// the sequence the IDs of a millisecond. WithLayout and others change the layout and the epoch.
//
// IDs compare as numbers. As text they are decimal; in JSON a string, since JavaScript's numbers
// end at 2^53; in a database a BIGINT.
type ID uint64

// String is the ID in decimal.
func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }

// Time is when an ID of the default layout was drawn, UTC, to its tick: a millisecond. The ID does
// not say which layout it is of: use Flake.Decode for the IDs of a region with another layout or
// epoch, or DecodeLayout. It is the zero time for an ID that cannot be of that layout (ErrID). Does
// not block.
func (id ID) Time() time.Time {
	parts, err := id.Parts()
	if err != nil {
		return time.Time{}
	}
	return parts.Time()
}

// Parts takes an ID of the default layout apart, as Time does. Errors: ErrID (the ID has the sign
// bit). Does not block.
func (id ID) Parts() (Parts, error) { return DecodeLayout("default", id) }
