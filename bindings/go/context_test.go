// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"context"
	"errors"
	"runtime/debug"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// A wait that is not cut short takes this long, and fails the test.
const forTooLong = 60_000

// drawers are the methods that wait, each drawing once.
func drawers(flake *shmflake.Flake) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"NextContext":  func(ctx context.Context) error { return second(flake.NextContext(ctx)) },
		"BlockContext": func(ctx context.Context) error { return second(flake.BlockContext(ctx, 1)) },
		"NextNContext": func(ctx context.Context) error {
			return second(flake.NextNContext(ctx, make([]shmflake.ID, 1)))
		},
		"UUID7Context": func(ctx context.Context) error { return second(flake.UUID7Context(ctx)) },
		"ULIDContext":  func(ctx context.Context) error { return second(flake.ULIDContext(ctx)) },
		"UUID7NContext": func(ctx context.Context) error {
			return second(flake.UUID7NContext(ctx, make([]shmflake.UUID, 1)))
		},
	}
}

func TestAContextThatIsNotDoneChangesNothing(t *testing.T) {
	flake := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, draw := range drawers(flake) {
		for _, each := range []context.Context{ctx, context.Background()} {
			if err := draw(each); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	ids := make([]shmflake.ID, 100)
	if n, err := flake.NextNContext(ctx, ids); n != len(ids) || err != nil || ids[0] == 0 || ids[99] <= ids[0] {
		t.Error(n, err, ids)
	}
}

func TestAContextThatIsDoneDrawsNothing(t *testing.T) {
	flake := open(t)
	before := must(flake.Next())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, draw := range drawers(flake) {
		err := draw(ctx)
		if !errors.Is(err, context.Canceled) || err.Error() != "shmflake: context canceled" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := shmflake.OpenContext(ctx, "never"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := shmflake.RetireContext(ctx, nameOf(t)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if after := must(flake.Watermark()); after != before {
		t.Errorf("%d was drawn after %d", after, before)
	}
}

// The draws of the IDs wait; those of the UUIDs have a stream of their own, which never runs out.
func TestAWaitEndsWhenItsContextDoes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"NextContext", "BlockContext", "NextNContext"} {
		name := name
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flake := open(t, slow(forTooLong)...)
			draw := drawers(flake)[name]
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			var err error
			for i := 0; i < 100 && err == nil; i++ {
				err = draw(ctx)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
}

func TestNextNLeavesTheCallersIDsAloneWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	flake := open(t, slow(forTooLong)...)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	ids := make([]shmflake.ID, 5) // of two ticks at the most without a wait: four
	n, err := flake.NextNContext(ctx, ids)
	if n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(n, err)
	}
	flake.Close() // waits for the draw
	for _, id := range ids {
		if id != 0 {
			t.Error("the draw that was given up wrote", id)
		}
	}
}

func TestTheLibrarysErrorComesThroughAContext(t *testing.T) {
	flake := open(t, slow(1)...)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = flake.NextContext(ctx)
	}
	checkError(t, err, shmflake.ErrExhausted)
}

func TestOpenWithAContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, each := range []context.Context{ctx, context.Background()} {
		flake, err := shmflake.OpenContext(each, nameOf(t))
		if err != nil {
			t.Fatal(err)
		}
		must(flake.NextContext(each))
		flake.Close()
	}
	_, err := shmflake.OpenContext(ctx, "not/a/name")
	checkError(t, err, shmflake.ErrName)
	if err := shmflake.RetireContext(ctx, nameOf(t)); err != nil {
		t.Error(err)
	}
	checkError(t, shmflake.RetireContext(ctx, nameOf(t)), shmflake.ErrNotFound)
}

func TestAnOpenThatIsCancelledLeavesNoHandle(t *testing.T) {
	watcher := open(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would close it, too
	for i := 0; i < 50; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		if flake, err := shmflake.OpenContext(ctx, nameOf(t)); err == nil {
			flake.Close()
		} else if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		cancel()
	}
	deadline := time.Now().Add(time.Minute)
	for len(must(watcher.Processes())) > 1 {
		if time.Now().After(deadline) {
			t.Fatal("handles are left")
		}
		time.Sleep(time.Millisecond)
	}
}
