// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"database/sql/driver"
	"time"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// A UUID is 16 bytes in network order; those that are drawn are UUIDv7s (RFC 9562):
//
//	+----------------------------+----+-----------------+--+------------+----------------+
//	| Unix ms, 48                | 7  | counter, 12 of  |10| counter's  | random, 58     |
//	|                            |    | 16 bits         |  | other 4    |                |
//	+----------------------------+----+-----------------+--+------------+----------------+
//
// They sort bytewise in the order of their draws, over all processes of the host. A UUID converts to
// every other package's type that is a [16]byte. As text, in JSON and in a database it is 36
// characters; for a BLOB or BINARY(16) column store u[:].
type UUID [16]byte

// String is 8-4-4-4-12 hex digits in lower case.
func (u UUID) String() string { return mustText(capi.FormatUUID(u)) }

// Time is a UUIDv7's timestamp, UTC, to the millisecond; the zero time for other versions.
func (u UUID) Time() time.Time {
	if u[6]>>4 != 7 {
		return time.Time{}
	}
	return timeOf48Bits(u)
}

// ParseUUID reads a UUID of any version, 8-4-4-4-12 hex digits in either case. Errors: ErrText. Does
// not block.
func ParseUUID(text string) (UUID, error) {
	uuid, failure := capi.ParseUUID(text)
	return uuid, errorOf(failure)
}

// MarshalText gives what String gives. It never fails.
func (u UUID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what ParseUUID reads. Errors: ErrText.
func (u *UUID) UnmarshalText(text []byte) error { return readSixteen(u, string(text), ParseUUID) }

// Value stores a UUID as text, which PostgreSQL's uuid columns take, too. It never fails.
func (u UUID) Value() (driver.Value, error) { return u.String(), nil }

// Scan reads text or 16 bytes. Errors: ErrText; an error of another type for a foreign one, NULL
// among them.
func (u *UUID) Scan(value any) error { return scanSixteen(u, value, "UUID", ParseUUID) }

func readSixteen[T ~[16]byte](u *T, text string, parse func(string) (T, error)) error {
	read, err := parse(text)
	if err == nil {
		*u = read
	}
	return err
}

func scanSixteen[T ~[16]byte](u *T, value any, name string, parse func(string) (T, error)) error {
	switch value := value.(type) {
	case string:
		return readSixteen(u, value, parse)
	case []byte:
		if len(value) == len(*u) {
			*u = *(*[16]byte)(value)
			return nil
		}
		return readSixteen(u, string(value), parse)
	}
	return foreign(value, name)
}

// timeOf48Bits is for UUIDs and ULIDs, which both begin with Unix milliseconds.
func timeOf48Bits(b [16]byte) time.Time {
	var ms int64
	for _, each := range b[:6] {
		ms = ms<<8 | int64(each)
	}
	return time.UnixMilli(ms).UTC()
}

// mustText is for what every 16 bytes have: a text.
func mustText(text string, failure *capi.Failure) string {
	if failure != nil {
		panic(errorOf(failure))
	}
	return text
}
