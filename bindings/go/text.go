// SPDX-License-Identifier: Apache-2.0

package shmflake

import "github.com/shmflake/shmflake/bindings/go/internal/capi"

// A Form is a way to write an ID. All but decimal have a fixed width, so that the texts sort
// bytewise as the IDs do, and are read with fewer digits, too.
type Form int

const (
	FormDecimal     Form = 1 // 1..20 digits, without leading zeros
	FormHex         Form = 2 // 16: 0-9a-f; read in either case
	FormBase36      Form = 3 // 13: 0-9a-z; read in either case
	FormBase58      Form = 4 // 11: Bitcoin's 1-9A-HJ-NP-Za-km-z
	FormBase62      Form = 5 // 11: 0-9A-Za-z
	FormCrockford32 Form = 6 // 13: 0-9A-Z without I, L, O, U; read in either case, I and L as 1, O as 0, single hyphens skipped
)

// Format writes an ID, any of 0..2^64 - 1. Errors: ErrForm. Does not block.
func Format(id ID, form Form) (string, error) {
	text, failure := capi.Format(uint64(id), int(form))
	return text, errorOf(failure)
}

// Parse reads a text that is one ID in that form and nothing else: no sign, no space, nothing behind
// it. Errors: ErrForm; ErrText, whose message has the foreign character and its position from 1.
// Does not block.
func Parse(text string, form Form) (ID, error) {
	id, failure := capi.Parse(text, int(form))
	return ID(id), errorOf(failure)
}

// form is for forms that exist: then Format has no errors.
func (id ID) form(form Form) string {
	text, err := Format(id, form)
	if err != nil {
		panic(err)
	}
	return text
}

// Hex is the ID in FormHex.
func (id ID) Hex() string { return id.form(FormHex) }

// Base36 is the ID in FormBase36.
func (id ID) Base36() string { return id.form(FormBase36) }

// Base58 is the ID in FormBase58.
func (id ID) Base58() string { return id.form(FormBase58) }

// Base62 is the ID in FormBase62.
func (id ID) Base62() string { return id.form(FormBase62) }

// Crockford32 is the ID in FormCrockford32.
func (id ID) Crockford32() string { return id.form(FormCrockford32) }
