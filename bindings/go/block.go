// SPDX-License-Identifier: Apache-2.0

package shmflake

// A Block is a run of contiguous IDs: First, First+1 ... First+Count-1. They are the caller's, to be
// used or dropped. A Block is not safe for goroutines that share it.
type Block struct {
	First ID
	Count uint64
}

// Next takes the first ID off the block; false when there is none left.
func (b *Block) Next() (ID, bool) {
	if b.Count == 0 {
		return 0, false
	}
	id := b.First
	b.First++
	b.Count--
	return id, true
}

// All calls yield with each ID, ascending, until it returns false, and leaves the block as it is.
// From Go 1.23 on: for id := range block.All().
func (b Block) All() func(yield func(ID) bool) {
	return func(yield func(ID) bool) {
		for i := uint64(0); i < b.Count; i++ {
			if !yield(b.First + ID(i)) {
				return
			}
		}
	}
}
