// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func TestEveryMethodOfAClosedSegmentSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	own := openSegment(t, open(t), nil)
	flake := open(t)
	flakes := must(flake.Segment(nameOf(t), nil))
	var never shmflake.Segment
	for i := 0; i < 2; i++ {
		for _, close := range []func() error{own.Close, flake.Close, never.Close} {
			if err := close(); err != nil {
				t.Error(err)
			}
		}
	}
	ids := make([]shmflake.ID, 1)
	for _, segment := range []*shmflake.Segment{own, flakes, &never} {
		for name, err := range map[string]error{
			"Next":         second(segment.Next()),
			"NextNowait":   second(segment.NextNowait()),
			"NextContext":  second(segment.NextContext(ctx)),
			"NextN":        second(segment.NextN(ids)),
			"NextNContext": second(segment.NextNContext(ctx, ids)),
			"Status":       second(segment.Status()),
		} {
			if err != shmflake.ErrClosed {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := flakes.Close(); err != nil {
		t.Error(err)
	}
	if _, err := flake.Segment("after", nil); err != shmflake.ErrClosed {
		t.Error(err)
	}
	if _, err := flake.Segments(); err != shmflake.ErrClosed {
		t.Error(err)
	}
	var nothing shmflake.Flake
	if _, err := nothing.Segment("after", nil); err != shmflake.ErrClosed {
		t.Error(err)
	}
}

func TestSegmentsAndFlakesMayBeClosedWhileOthersDraw(t *testing.T) {
	var handed hand
	for round := 0; round < 24; round++ {
		flake := must(shmflake.Open(nameOf(t)))
		segment := must(flake.Segment(nameOf(t), &shmflake.SegmentOptions{Step: 100, MaxStep: 100}))
		var using sync.WaitGroup
		for i := 0; i < 6; i++ {
			using.Add(1)
			go func(i int) {
				defer using.Done()
				for {
					some := make([]shmflake.ID, 30)
					n, err := 1, error(nil)
					switch i % 3 {
					case 0:
						some[0], err = segment.Next()
					case 1:
						n, err = segment.NextN(some)
					case 2:
						n = 0
						_, err = segment.Status()
					}
					if err == shmflake.ErrClosed {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					handed.add(some[:n]...)
				}
			}(i)
		}
		using.Add(1)
		go func() { // opens others meanwhile
			defer using.Done()
			for {
				other, err := flake.Segment(nameOf(t), nil)
				if err == shmflake.ErrClosed {
					return
				}
				must(other, err)
			}
		}()
		time.Sleep(time.Duration(round%5) * time.Millisecond)
		if round%2 == 0 {
			segment.Close()
		}
		using.Add(2)
		for i := 0; i < 2; i++ {
			go func() {
				defer using.Done()
				flake.Close()
			}()
		}
		using.Wait()
	}
	handed.check(t)
}

func TestCloseLetsADrawThatReservesEnd(t *testing.T) {
	for name, closing := range map[string]func(*shmflake.Flake, *shmflake.Segment){
		"segment": func(_ *shmflake.Flake, segment *shmflake.Segment) { segment.Close() },
		"flake":   func(flake *shmflake.Flake, _ *shmflake.Segment) { flake.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			reserve, entered, ready := blocking(1)
			flake := open(t)
			segment := openSegment(t, flake, &shmflake.SegmentOptions{Step: 2, MaxStep: 2, Reserve: reserve})
			drawn, closed := make(chan []shmflake.ID), make(chan struct{})
			go func() {
				ids := make([]shmflake.ID, 3)
				n, _ := segment.NextN(ids)
				drawn <- ids[:n]
			}()
			<-entered
			go func() {
				closing(flake, segment)
				closed <- struct{}{}
			}()
			select {
			case <-closed:
				t.Error("Close did not wait")
			case <-time.After(50 * time.Millisecond):
			}
			close(ready)
			if ids := <-drawn; len(ids) != 3 || ids[2] != 3 {
				t.Error(ids)
			}
			<-closed
		})
	}
}

func TestAForgottenSegmentIsClosedByTheCollectorAndLetsItsFlakeGo(t *testing.T) {
	watcher := open(t)
	collected := make(chan struct{}, 20)
	for i := 0; i < 20; i++ {
		flake := must(shmflake.Open(nameOf(t)))
		var ledger ledger
		reserve := ledger.reserve
		runtime.SetFinalizer(&ledger, func(any) { collected <- struct{}{} })
		segment := must(flake.Segment(nameOf(t), &shmflake.SegmentOptions{Reserve: reserve}))
		if i == 0 {
			must(segment.Next())
		}
	}
	until(t, "handles or functions are left", func() bool {
		runtime.GC()
		return len(must(watcher.Processes())) == 1 && len(collected) == 20
	})
}

func TestASegmentInUseIsNotCollected(t *testing.T) {
	stop := make(chan struct{})
	var collecting sync.WaitGroup
	collecting.Add(1)
	go func() {
		defer collecting.Done()
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for i := 0; i < 50; i++ {
		ids := make([]shmflake.ID, 5000)
		// The handles are last mentioned here.
		if n, err := must(must(shmflake.Open(nameOf(t))).Segment(nameOf(t), nil)).NextN(ids); n != len(ids) || err != nil {
			t.Error(n, err)
		}
	}
	close(stop)
	collecting.Wait()
}
