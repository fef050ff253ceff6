// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"fmt"
	"io"

	"github.com/shmflake/shmflake/bindings/go/internal/capi"
)

// A Key hides IDs. Its 16 bytes should be random (crypto/rand) and secret, which is why it is not
// printed. A new key needs the old one for the IDs that are out: keep a key's number beside them.
type Key [16]byte

// Format prints "shmflake.Key", whatever the verb.
func (Key) Format(state fmt.State, _ rune) { io.WriteString(state, "shmflake.Key") }

// Mask hides an ID from the public: without the key, masked IDs tell neither how many there are, nor
// their order, time or worker. It is a permutation of 0..2^63 - 1, so that they are unique as the
// IDs are. It is no access control: every number unmasks to something. Errors: ErrID (the ID has the
// sign bit). Does not block.
func Mask(key Key, id ID) (ID, error) {
	masked, failure := capi.Mask(key, uint64(id))
	return ID(masked), errorOf(failure)
}

// Unmask is Mask backwards, under the same key. Errors: ErrID. Does not block.
func Unmask(key Key, masked ID) (ID, error) {
	id, failure := capi.Unmask(key, uint64(masked))
	return ID(id), errorOf(failure)
}
