// SPDX-License-Identifier: Apache-2.0

package shmflake

import "github.com/shmflake/shmflake/bindings/go/internal/capi"

// A Switch is On or Off, or 0: the default.
type Switch uint32

const (
	On  Switch = 1
	Off Switch = 2
)

// SegmentOptions are the settings of Flake.Segment. What is zero has the default.
type SegmentOptions struct {
	// Store is the store's URL, see WithSegmentStore, whose value is the default. Not with Reserve.
	Store string
	// Create says what happens to a tag without a row. On: it gets one. Off: ErrTagUnknown. Default:
	// On for "sqlite:", else Off.
	Create Switch
	// PrefetchPercent is how much of a segment is used when the next is fetched: 1..90. Default: 10.
	PrefetchPercent uint32
	// Step is the number of IDs of the first segment: 1..MaxStep. Default: the row's step, else 1000.
	// It is doubled when a segment lasted less than 15 minutes and halved when more than 30.
	Step uint64
	// MinStep is 1..MaxStep. Default: Step.
	MinStep uint64
	// MaxStep is 1..1000000000. Default: 1000000. A row with more is ErrStep.
	MaxStep uint64
	// Reserve, instead of a store, reserves step IDs of the tag that nobody was or will be given, by
	// means of its own: first .. first + count - 1, above every range before; count is 1..MaxStep.
	// Its error is ErrReserve, of which it is the words; or it is called again. It runs on a goroutine
	// that is neither the caller's nor kept, by one process of the host at a time as a rule; a panic
	// in it ends the program. It should end within WithWaitTimeoutMS, and must use neither the Flake
	// nor its Segments, which would wait for it.
	Reserve func(tag string, step uint64) (first, count uint64, err error)
}

func (o *SegmentOptions) convert() *capi.SegmentOptions {
	if o == nil {
		return &capi.SegmentOptions{}
	}
	converted := capi.SegmentOptions{
		Create:          uint32(o.Create),
		PrefetchPercent: o.PrefetchPercent,
		Step:            o.Step,
		MinStep:         o.MinStep,
		MaxStep:         o.MaxStep,
		Reserve:         o.Reserve,
	}
	if o.Store != "" {
		converted.Store = &o.Store
	}
	return &converted
}

// WithSegmentStore is the URL of the store that segments come from, for tags that are opened without
// one of their own: "sqlite:" (default: segments.db in the state directory),
// "sqlite:/path/to/file", or by a plug-in "mysql://user@host:port/database", "postgres://...",
// "etcd://host:port,.../prefix". No password is in it, but in SHMFLAKE_STORE_PASSWORD or the file of
// ?password_file=. Errors: ErrStoreURL.
func WithSegmentStore(url string) Option {
	return func(o *capi.Options) { o.SegmentStore = &url }
}
