// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"database/sql/driver"
	"time"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// A ULID (github.com/ulid/spec) is 16 bytes in network order:
//
//	+----------------------------+--------------+----------------------------------------+
//	| Unix ms, 48                | counter, 16  | random, 64                             |
//	+----------------------------+--------------+----------------------------------------+
//
// ULIDs sort, as bytes and as text, in the order of their draws, over all processes of the host. As
// text, in JSON and in a database a ULID is 26 characters; for a BLOB or BINARY(16) column store
// u[:].
type ULID [16]byte

// String is 26 characters of Crockford's base32.
func (u ULID) String() string { return mustText(capi.FormatULID(u)) }

// Time is the timestamp, UTC, to the millisecond.
func (u ULID) Time() time.Time { return timeOf48Bits(u) }

// ParseULID reads 26 digits in either case, I and L as 1, O as 0. Errors: ErrText, also for more than
// 128 bits. Does not block.
func ParseULID(text string) (ULID, error) {
	ulid, failure := capi.ParseULID(text)
	return ulid, errorOf(failure)
}

// MarshalText gives what String gives. It never fails.
func (u ULID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what ParseULID reads. Errors: ErrText.
func (u *ULID) UnmarshalText(text []byte) error { return readSixteen(u, string(text), ParseULID) }

// Value stores a ULID as text. It never fails.
func (u ULID) Value() (driver.Value, error) { return u.String(), nil }

// Scan reads text or 16 bytes. Errors: ErrText; an error of another type for a foreign one, NULL
// among them.
func (u *ULID) Scan(value any) error { return scanSixteen(u, value, "ULID", ParseULID) }
