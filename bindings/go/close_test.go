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

func TestEveryMethodOfAClosedHandleSaysSo(t *testing.T) {
	flake := open(t)
	if err := flake.Close(); err != nil {
		t.Fatal(err)
	}
	if err := flake.Close(); err != nil {
		t.Error("closing again:", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ids, uuids := make([]shmflake.ID, 1), make([]shmflake.UUID, 1)
	_, _, boundsError := flake.Bounds(time.Now())
	for name, err := range map[string]error{
		"Next":         second(flake.Next()),
		"TryNext":      second(flake.TryNext()),
		"NextNowait":   second(flake.NextNowait()),
		"NextContext":  second(flake.NextContext(ctx)),
		"NextN":        second(flake.NextN(ids)),
		"NextNContext": second(flake.NextNContext(ctx, ids)),
		"Block":        second(flake.Block(1)),
		"BlockContext": second(flake.BlockContext(ctx, 1)),
		"UUID7":        second(flake.UUID7()),
		"UUID7Nowait":  second(flake.UUID7Nowait()),
		"UUID7Context": second(flake.UUID7Context(ctx)),
		"UUID7N":       second(flake.UUID7N(uuids)),
		"UUID7NCtx":    second(flake.UUID7NContext(ctx, uuids)),
		"ULID":         second(flake.ULID()),
		"ULIDNowait":   second(flake.ULIDNowait()),
		"ULIDContext":  second(flake.ULIDContext(ctx)),
		"Observe":      flake.Observe(1),
		"Watermark":    second(flake.Watermark()),
		"Decode":       second(flake.Decode(1)),
		"Bounds":       boundsError,
		"Status":       second(flake.Status()),
		"Processes":    second(flake.Processes()),
	} {
		if err != shmflake.ErrClosed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFlakeThatWasNeverOpenedIsAnError(t *testing.T) {
	var flake shmflake.Flake
	if _, err := flake.Next(); err != shmflake.ErrClosed {
		t.Error(err)
	}
	if err := flake.Close(); err != nil {
		t.Error(err)
	}
}

func TestHandlesMayBeClosedWhileOthersDraw(t *testing.T) {
	var handed hand
	for round := 0; round < 16; round++ {
		flake, err := shmflake.Open(nameOf(t))
		if err != nil {
			t.Fatal(err)
		}
		var drawing sync.WaitGroup
		for i := 0; i < 8; i++ {
			drawing.Add(1)
			go func(i int) {
				defer drawing.Done()
				handed.add(drawUntilClosed(t, flake, i%2 == 0)...)
			}(i)
		}
		time.Sleep(time.Duration(round%5) * time.Millisecond)
		var closing sync.WaitGroup
		for i := 0; i < 3; i++ {
			closing.Add(1)
			go func() {
				defer closing.Done()
				flake.Close()
				if _, err := flake.Next(); err != shmflake.ErrClosed {
					t.Error("after Close:", err)
				}
			}()
		}
		closing.Wait()
		drawing.Wait()
	}
	handed.check(t)
}

func drawUntilClosed(t *testing.T, flake *shmflake.Flake, one bool) (ids []shmflake.ID) {
	for {
		some := make([]shmflake.ID, 100)
		n, err := 1, error(nil)
		if one {
			some[0], err = flake.Next()
		} else {
			n, err = flake.NextN(some)
		}
		if err == nil || n > 1 {
			ids = append(ids, some[:n]...)
		}
		if err != nil {
			if err != shmflake.ErrClosed {
				t.Error(err)
			}
			return ids
		}
	}
}

func TestCloseLetsACallThatWaitsEnd(t *testing.T) {
	t.Parallel()
	flake := open(t, slow(60_000)...)
	ids := make([]shmflake.ID, 5)
	begun, drawn := make(chan struct{}), make(chan error)
	go func() {
		close(begun)
		_, err := flake.NextN(ids) // waits once at the least
		drawn <- err
	}()
	<-begun
	time.Sleep(50 * time.Millisecond) // most often it has entered; if not, it gets ErrClosed
	flake.Close()
	switch err := <-drawn; {
	case err == shmflake.ErrClosed:
	case err != nil || ids[4] == 0:
		t.Error("the call that was under way did not end as it should:", err, ids)
	}
}

func TestAForgottenHandleIsClosedByTheCollector(t *testing.T) {
	watcher := open(t)
	attached := func() int { return len(must(watcher.Processes())) }
	for i := 0; i < 20; i++ {
		must(must(shmflake.Open(nameOf(t))).Next())
	}
	deadline := time.Now().Add(time.Minute)
	for attached() > 1 {
		if time.Now().After(deadline) {
			t.Fatalf("%d handles are still attached", attached())
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func TestAHandleInUseIsNotCollected(t *testing.T) {
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
	for i := 0; i < 100; i++ {
		ids := make([]shmflake.ID, 5000)
		// The handle is last mentioned here.
		if n, err := must(shmflake.Open(nameOf(t))).NextN(ids); n != len(ids) || err != nil {
			t.Error(n, err)
		}
	}
	close(stop)
	collecting.Wait()
}
