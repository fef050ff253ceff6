// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
)

// MarshalText gives the decimal digits. It never fails.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads decimal digits. Errors: ErrText.
func (id *ID) UnmarshalText(text []byte) error {
	read, err := Parse(string(text), FormDecimal)
	if err != nil {
		return err
	}
	*id = read
	return nil
}

// MarshalJSON gives a string of decimal digits: "12345". It never fails.
func (id ID) MarshalJSON() ([]byte, error) { return []byte(`"` + id.String() + `"`), nil }

// UnmarshalJSON reads a string of decimal digits or a number, exactly; null leaves the ID as it is.
// Errors: ErrText (for a fraction or an exponent, too); those of encoding/json.
func (id *ID) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	if len(text) > 0 && text[0] == '"' {
		var digits string
		if err := json.Unmarshal(text, &digits); err != nil {
			return err
		}
		text = []byte(digits)
	}
	return id.UnmarshalText(text)
}

// Value stores an ID as an integer (BIGINT). Errors: ErrID for one of more than 63 bits.
func (id ID) Value() (driver.Value, error) {
	if id > math.MaxInt64 {
		return nil, &Error{ErrID, fmt.Sprintf("the ID must have at most 63 bits: %d", uint64(id))}
	}
	return int64(id), nil
}

// Scan reads an integer, or decimal digits of a text column. Errors: ErrID for a negative number;
// ErrText; an error of another type for a foreign one, NULL among them: scan into a *ID pointer
// (**ID) or sql.Null[ID] where there may be NULLs.
func (id *ID) Scan(value any) error {
	switch value := value.(type) {
	case int64:
		if value < 0 {
			return &Error{ErrID, fmt.Sprintf("the ID must not be negative: %d", value)}
		}
		*id = ID(value)
		return nil
	case string:
		return id.UnmarshalText([]byte(value))
	case []byte:
		return id.UnmarshalText(value)
	}
	return foreign(value, "ID")
}

func foreign(value any, wanted string) error {
	if value == nil {
		return fmt.Errorf("shmflake: cannot scan NULL into %s", wanted)
	}
	return fmt.Errorf("shmflake: cannot scan a %T into %s", value, wanted)
}
