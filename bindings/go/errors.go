// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"errors"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// ErrClosed is what every method of a Flake or a Segment returns after Close.
var ErrClosed = errors.New("shmflake: the handle is closed")

// A Code is one of the library's error codes, and an error that an *Error is (errors.Is), so that
// the constants Err... are to be compared with. Codes are never renumbered and never reused; a
// newer library may return codes that this package has no constant for.
type Code int

// Error is the rule behind the code: "shmflake: a count is 0".
func (c Code) Error() string { return "shmflake: " + StrError(c) }

// An Error is a call that the library refused.
type Error struct {
	// Code is compared with errors.Is(err, shmflake.ErrCeiling), or read with errors.As.
	Code Code
	// Message is the library's, shmflake_last_error: the rule and the value that broke it, one line.
	Message string
}

// Error is the message, with the package's name before it.
func (e *Error) Error() string { return "shmflake: " + e.Message }

// Unwrap is the code.
func (e *Error) Unwrap() error { return e.Code }

// StrError is the rule behind a code in words; "unknown error" for a number that is none. Does not
// block.
func StrError(code Code) string { return capi.StrError(int(code)) }

// ErrorName is the code's name without its prefix, "CEILING", for logs; "UNKNOWN" for a number that
// is none. Does not block.
func ErrorName(code Code) string { return capi.ErrorName(int(code)) }

// Version is the library's: "0.1.0". Does not block.
func Version() string { return capi.Version() }

// errorOf gives nil for nil, which a conversion to error would not.
func errorOf(failure *capi.Failure) error {
	if failure == nil {
		return nil
	}
	if failure.Code == capi.Closed {
		return ErrClosed
	}
	return &Error{Code: Code(failure.Code), Message: failure.Message}
}
