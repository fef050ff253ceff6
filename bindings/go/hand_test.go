// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"sort"
	"sync"
	"testing"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// A hand collects every ID that was handed out, to look for repeats.
type hand struct {
	mutex sync.Mutex
	ids   []shmflake.ID
}

func (h *hand) add(ids ...shmflake.ID) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.ids = append(h.ids, ids...)
}

func (h *hand) check(t testing.TB) {
	t.Helper()
	if len(h.ids) == 0 {
		t.Error("no ID was drawn")
	}
	sort.Slice(h.ids, func(i, j int) bool { return h.ids[i] < h.ids[j] })
	for i := 1; i < len(h.ids); i++ {
		if h.ids[i] == h.ids[i-1] {
			t.Fatalf("%d came twice, of %d", h.ids[i], len(h.ids))
		}
	}
}
