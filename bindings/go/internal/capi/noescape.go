// SPDX-License-Identifier: Apache-2.0

//go:build go1.24

package capi

// Functions that get a pointer to Go's memory, keep none of it, and call nothing of Go's (that is,
// never the log function): what they are passed may stay on the stack. The draws are not here. The
// waiting ones may log, and need no pointer; for the others nocallback would be a cost (two more
// function calls) without a gain.

/*
#cgo noescape capi_parse
#cgo nocallback capi_parse
#cgo noescape capi_parse_uuid
#cgo nocallback capi_parse_uuid
#cgo noescape capi_parse_ulid
#cgo nocallback capi_parse_ulid
#cgo noescape capi_format_uuid
#cgo nocallback capi_format_uuid
#cgo noescape capi_format_ulid
#cgo nocallback capi_format_ulid
#cgo noescape capi_mask
#cgo nocallback capi_mask
#cgo noescape capi_unmask
#cgo nocallback capi_unmask
#cgo noescape capi_decode_layout
#cgo nocallback capi_decode_layout
*/
import "C"
