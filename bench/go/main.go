// SPDX-License-Identifier: Apache-2.0

// The Go binding beside what it is made of: a call into C that does nothing, and a draw in C. Bars:
// Next costs at most 1.4 times the two together, NextN(1024) at most 3 ns an ID.
//
// It prints a line "name, tab, unit, tab, value" for each subject in each round; the value is CPU
// nanoseconds of a call. The subjects of a round run one after the other in random order, so that a
// noisy second hits baseline and subject alike.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"sync"
	"syscall"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// 39 timestamp bits, 4,194,304 IDs a tick: the clock never holds a benchmark up.
const workerIDBits, machineBits, sequenceBits = 2, 1, 22

const many = 1024

// One segment of the tag is enough for all of it.
const tag, step = "bench", 1_000_000_000

type subject struct {
	name string
	run  func(n int)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func subjects(ctx context.Context, flake *shmflake.Flake, segment *shmflake.Segment, c inC) []subject {
	cIDs, ids, uuids := make([]uint64, many), make([]shmflake.ID, many), make([]shmflake.UUID, many)
	id, err := flake.Next()
	check(err)
	each := func(call func() error) func(int) {
		return func(n int) {
			for i := 0; i < n; i++ {
				check(call())
			}
		}
	}
	next := func(n int) {
		for i := 0; i < n; i++ {
			if _, err := flake.Next(); err != nil {
				log.Fatal(err)
			}
		}
	}
	return []subject{
		{"go_empty_call", empty},
		{"go_c_draw", c.draw},
		{"go_c_next_n_1024", func(n int) { c.drawMany(n, cIDs) }},
		{"go_next", next},
		{"go_c_segment_draw", c.drawSegment},
		{"go_segment_next", func(n int) {
			for i := 0; i < n; i++ {
				if _, err := segment.Next(); err != nil {
					log.Fatal(err)
				}
			}
		}},
		{"go_segment_next_n_1024", each(func() error { _, err := segment.NextN(ids); return err })},
		{"go_next_4_goroutines", func(n int) { together(4, func() { next(n / 4) }) }},
		{"go_try_next", each(func() error { _, err := flake.TryNext(); return err })},
		{"go_next_context", each(func() error { _, err := flake.NextContext(ctx); return err })},
		{"go_next_n_1024", each(func() error { _, err := flake.NextN(ids); return err })},
		{"go_uuid7", each(func() error { _, err := flake.UUID7(); return err })},
		{"go_uuid7_n_1024", each(func() error { _, err := flake.UUID7N(uuids); return err })},
		{"go_ulid", each(func() error { _, err := flake.ULID(); return err })},
		{"go_base62", each(func() error { id.Base62(); return nil })},
		{"go_string", each(func() error { _ = id.String(); return nil })},
	}
}

func together(goroutines int, work func()) {
	var working sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		working.Add(1)
		go func() {
			defer working.Done()
			work()
		}()
	}
	working.Wait()
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// perCall is what one of n calls takes, in nanoseconds.
func perCall(run func(int), n int) float64 {
	before := cpuTime()
	run(n)
	return float64(cpuTime()-before) / float64(n)
}

func main() {
	log.SetFlags(0)
	rounds := flag.Int("rounds", 21, "rounds")
	window := flag.Duration("window", 50*time.Millisecond, "about how long a subject runs in a round")
	regions := flag.String("regions", "", "an empty directory for regions")
	state := flag.String("state", "", "an empty directory for their state")
	flag.Parse()

	check(os.Setenv("SHMFLAKE_DIR", *regions))
	check(os.Setenv("SHMFLAKE_STATE_DIR", *state))
	check(os.Setenv("SNOWFLAKE_WORKER_ID", "1"))
	flake, err := shmflake.Open("bench", shmflake.WithWorkerIDBits(workerIDBits),
		shmflake.WithMachineBits(machineBits), shmflake.WithSequenceBits(sequenceBits))
	check(err)
	defer flake.Close()
	segment, err := flake.Segment(tag, &shmflake.SegmentOptions{Step: step, MaxStep: step})
	check(err)
	c := openInC()
	defer c.close()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	all := subjects(ctx, flake, segment, c)
	counts := map[string]int{}
	for _, each := range all {
		counts[each.name] = 1 + int(float64(*window)/(1+perCall(each.run, 20_000)))
	}
	for round := 0; round < *rounds; round++ {
		for _, i := range rand.Perm(len(all)) {
			fmt.Printf("%s\tns\t%g\n", all[i].name, perCall(all[i].run, counts[all[i].name]))
		}
	}
}
