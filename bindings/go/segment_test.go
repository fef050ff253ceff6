// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// openSegment opens a tag of the test's own, and closes it with the test.
func openSegment(t testing.TB, flake *shmflake.Flake, options *shmflake.SegmentOptions) *shmflake.Segment {
	t.Helper()
	segment, err := flake.Segment(nameOf(t), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { segment.Close() })
	return segment
}

// checkDense wants each ID from 1 on, once.
func (h *hand) checkDense(t testing.TB) {
	t.Helper()
	h.check(t)
	if h.ids[0] != 1 || int(h.ids[len(h.ids)-1]) != len(h.ids) {
		t.Errorf("%d IDs from %d to %d", len(h.ids), h.ids[0], h.ids[len(h.ids)-1])
	}
}

func TestEveryWayToDrawFromASegmentGoesOnWhereTheLastOneEnded(t *testing.T) {
	segment := openSegment(t, open(t), nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ids := []shmflake.ID{must(segment.Next()), must(segment.NextNowait()), must(segment.NextContext(ctx))}
	for _, n := range []int{1, 16, 5000} {
		some := make([]shmflake.ID, n)
		if got := must(segment.NextN(some)); got != n {
			t.Error(got)
		}
		ids = append(ids, some...)
	}
	some := make([]shmflake.ID, 3)
	must(segment.NextNContext(ctx, some))
	for i, id := range append(ids, some...) {
		if id != shmflake.ID(i+1) {
			t.Fatalf("number %d is %d", i+1, id)
		}
	}
	if segment.Tag() != nameOf(t) {
		t.Error(segment.Tag())
	}
}

func TestTwoHandlesOnATagShareItsSegment(t *testing.T) {
	one := openSegment(t, open(t), &shmflake.SegmentOptions{Step: 3, MaxStep: 3})
	other := openSegment(t, open(t), nil)
	for i := 1; i < 1000; i += 2 {
		if a, b := must(one.Next()), must(other.Next()); int(a) != i || int(b) != i+1 {
			t.Fatal(i, a, b)
		}
	}
}

func TestGoroutinesGetEveryIDOnceAndNoneIsLeftOut(t *testing.T) {
	segment := openSegment(t, open(t), nil)
	var handed hand
	var drawing sync.WaitGroup
	for i := 0; i < 8; i++ {
		drawing.Add(1)
		go func(one bool) {
			defer drawing.Done()
			ids := make([]shmflake.ID, 0, 12_000)
			for len(ids) < 12_000 {
				if one {
					ids = append(ids, must(segment.Next()))
				} else {
					some := ids[len(ids) : len(ids)+6]
					must(segment.NextN(some))
					ids = ids[:len(ids)+6]
				}
			}
			for i := 1; i < len(ids); i++ {
				if ids[i] <= ids[i-1] {
					t.Errorf("%d follows %d", ids[i], ids[i-1])
				}
			}
			handed.add(ids...)
		}(i%2 == 0)
	}
	drawing.Wait()
	handed.checkDense(t)
}

// drawSegmentForParent writes every ID to standard output, eight bytes each.
func drawSegmentForParent() {
	flake := must(shmflake.Open(os.Getenv(regionVariable)))
	segment := must(flake.Segment(os.Getenv(regionVariable), nil))
	for i, count := 0, must(strconv.Atoi(os.Getenv(countVariable))); i < count; i++ {
		bytes := make([]byte, 8)
		binary.LittleEndian.PutUint64(bytes, uint64(must(segment.Next())))
		must(os.Stdout.Write(bytes))
	}
}

func TestProcessesGetEveryIDOnce(t *testing.T) {
	segment := openSegment(t, open(t), nil)
	var handed hand
	var running []*exec.Cmd
	var ends []func()
	for i := 0; i < 5; i++ {
		child, ended := startDrawer(t, "segment", 3000, &handed)
		running, ends = append(running, child), append(ends, ended)
	}
	for i := 0; i < 3000; i++ {
		handed.add(must(segment.Next()))
	}
	for i, child := range running {
		ends[i]()
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
	}
	handed.checkDense(t)
	if len(handed.ids) != 18_000 {
		t.Error(len(handed.ids))
	}
}

func TestASegmentsStatusTellsWhatIsLeft(t *testing.T) {
	flake := open(t)
	segment := openSegment(t, flake, nil)
	must(segment.NextN(make([]shmflake.ID, 7)))
	status := must(segment.Status())
	now := time.Now().UnixMilli()
	for what, ok := range map[string]bool{
		"Tag, Store":      status.Tag == nameOf(t) && status.Store == "sqlite",
		"Generation":      status.Generation == 1,
		"the segment":     status.FirstID == 1 && status.LastID == 1000 && status.NextID == 8,
		"Remaining":       status.Remaining == 993 && status.RemainingNext == 0,
		"Step":            status.Step == 1000,
		"LastFetchUnixMS": status.LastFetchUnixMS <= now && status.LastFetchUnixMS > now-60_000,
		"LastFetchUS":     status.LastFetchUS > 0,
		"fetches":         status.Fetches == 1 && status.FetchFailures == 0 && status.FetchesUnfinished == 0,
		"IDs":             status.IDsGranted == 1000 && status.IDsLost == 0,
		"no trouble":      status.NextAttemptInMS == 0 && status.FailuresInRow == 0,
		"LastError":       status.LastError == 0 && status.LastErrorText == "",
	} {
		if !ok {
			t.Errorf("%s: %+v", what, status)
		}
	}
	must(segment.NextN(make([]shmflake.ID, 150)))
	if status := must(segment.Status()); status.Fetches != 2 || status.RemainingNext != 2000 {
		t.Errorf("%+v", status)
	}
}

func TestSegmentsListsTheRegionsTags(t *testing.T) {
	flake := open(t)
	if listed := must(flake.Segments()); len(listed) != 0 {
		t.Error(listed)
	}
	tags := map[string]bool{}
	for i := 0; i < 4; i++ {
		tag := fmt.Sprint(nameOf(t), i)
		tags[tag] = true
		segment := must(flake.Segment(tag, nil))
		must(segment.Next())
		segment.Close()
	}
	listed := must(flake.Segments())
	for _, status := range listed {
		if !tags[status.Tag] || status.NextID != 2 {
			t.Errorf("%+v", status)
		}
	}
	if len(listed) != len(tags) {
		t.Error(len(listed))
	}
}

func TestEverySegmentOptionReachesTheLibrary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.db")
	segment := openSegment(t, open(t), &shmflake.SegmentOptions{
		Store: "sqlite:" + file, Create: shmflake.On, PrefetchPercent: 50, Step: 10, MinStep: 5, MaxStep: 15,
	})
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	must(segment.NextN(make([]shmflake.ID, 4)))
	if status := must(segment.Status()); status.Step != 10 || status.RemainingNext != 0 {
		t.Errorf("%+v", status)
	}
	must(segment.NextN(make([]shmflake.ID, 3)))
	if status := must(segment.Status()); status.Step != 15 || status.RemainingNext != 15 {
		t.Errorf("%+v", status)
	}
}

func TestStoreInitMakesTheStore(t *testing.T) {
	place := t.TempDir()
	if err := shmflake.StoreInit("sqlite:" + filepath.Join(place, "made.db")); err != nil {
		t.Error(err)
	}
	if err := shmflake.StoreInitContext(context.Background(), "", shmflake.WithSegmentStore("sqlite:"+filepath.Join(place, "set.db"))); err != nil {
		t.Error(err)
	}
	for _, file := range []string{"made.db", "set.db"} {
		if _, err := os.Stat(filepath.Join(place, file)); err != nil {
			t.Error(err)
		}
	}
	flake := open(t, shmflake.WithSegmentStore("sqlite:"+filepath.Join(place, "set.db")))
	if id := must(openSegment(t, flake, nil).Next()); id != 1 {
		t.Error(id)
	}
}

func TestARetiredRegionsTagGoesOnAbove(t *testing.T) {
	segment := openSegment(t, open(t), nil)
	before := must(segment.Next())
	if err := shmflake.Retire(nameOf(t)); err != nil {
		t.Fatal(err)
	}
	if after := must(segment.Next()); after <= before {
		t.Errorf("%d follows %d", after, before)
	}
}
