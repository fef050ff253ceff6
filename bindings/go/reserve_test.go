// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// A ledger gives ranges in turn, and keeps how it was asked.
type ledger struct {
	mutex        sync.Mutex
	top          uint64
	steps        []uint64
	tags         map[string]bool
	inside, most int
}

func (l *ledger) reserve(tag string, step uint64) (first, count uint64, err error) {
	l.mutex.Lock()
	l.inside++
	if l.inside > l.most {
		l.most = l.inside
	}
	l.mutex.Unlock()
	runtime.Gosched()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.inside--
	if l.tags == nil {
		l.tags = map[string]bool{}
	}
	l.tags[tag] = true
	l.steps = append(l.steps, step)
	first = l.top + 1
	l.top += step
	return first, step, nil
}

func (l *ledger) asked() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.steps)
}

// until waits generously.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		time.Sleep(time.Millisecond)
	}
}

func hasty(t testing.TB) *shmflake.Flake {
	t.Helper()
	return open(t, shmflake.WithWaitTimeoutMS(50))
}

func TestAReserveFunctionGivesTheSegments(t *testing.T) {
	var ledger ledger
	segment := openSegment(t, open(t), &shmflake.SegmentOptions{Reserve: ledger.reserve, Step: 10, MaxStep: 35})
	for i := 1; i <= 200; i++ {
		if id := must(segment.Next()); int(id) != i {
			t.Fatal(i, id)
		}
	}
	if len(ledger.tags) != 1 || !ledger.tags[nameOf(t)] {
		t.Error(ledger.tags)
	}
	for i, step := range []uint64{10, 20, 35, 35} {
		if ledger.steps[i] != step {
			t.Error(ledger.steps)
		}
	}
	if status := must(segment.Status()); status.Store != "callback" {
		t.Error(status.Store)
	}
}

func TestGoroutinesShareWhatOneOfThemReserves(t *testing.T) {
	var ledger ledger
	segment := openSegment(t, open(t), &shmflake.SegmentOptions{Reserve: ledger.reserve, Step: 100, MaxStep: 100})
	var handed hand
	var drawing sync.WaitGroup
	for i := 0; i < 8; i++ {
		drawing.Add(1)
		go func() {
			defer drawing.Done()
			for i := 0; i < 2000; i++ {
				handed.add(must(segment.Next()))
			}
		}()
	}
	drawing.Wait()
	handed.checkDense(t)
	if ledger.most != 1 || ledger.asked() < 160 {
		t.Error(ledger.most, ledger.asked())
	}
}

func TestTheBackgroundThreadReserves(t *testing.T) {
	var ledger ledger
	flake := open(t, shmflake.WithBackgroundThread(true))
	segment := openSegment(t, flake, &shmflake.SegmentOptions{Reserve: ledger.reserve, Step: 1000, MaxStep: 1000})
	must(segment.NextN(make([]shmflake.ID, 200)))
	until(t, "it does not reserve", func() bool { return ledger.asked() == 2 })
	ids := make([]shmflake.ID, 1000)
	must(segment.NextN(ids))
	if ids[999] != 1200 {
		t.Error(ids[999])
	}
}

func TestRangesThatCannotBeAreRefused(t *testing.T) {
	flake := hasty(t)
	for _, each := range []struct {
		first, count uint64
		words        string
	}{
		{1, 0, "0 from 1"}, {0, 5, "5 from 0"}, {1, 1_000_001, "1000001 from 1"},
		{math.MaxInt64 - 1, 10, "10 from 9223372036854775806"}, {math.MaxUint64, 2, "2 from 18446744073709551615"},
		{1, math.MaxUint64, "18446744073709551615 from 1"},
	} {
		tag := each.words // which others' errors are not of
		_, err := flake.Segment(tag, &shmflake.SegmentOptions{
			Reserve: func(string, uint64) (uint64, uint64, error) { return each.first, each.count, nil },
		})
		checkError(t, err, shmflake.ErrReserve, tag, ": "+each.words)
	}
	for _, status := range must(flake.Segments()) {
		if status.IDsGranted != 0 || status.LastError != shmflake.ErrReserve {
			t.Errorf("%+v", status)
		}
	}
}

func TestARangeBelowTheLastOneIsRefused(t *testing.T) {
	first := uint64(100)
	segment := openSegment(t, hasty(t), &shmflake.SegmentOptions{
		Reserve: func(string, uint64) (uint64, uint64, error) {
			from := first
			first = 50
			return from, 5, nil
		},
	})
	ids := make([]shmflake.ID, 6)
	n, err := segment.NextN(ids)
	checkError(t, err, shmflake.ErrReserve, "between 105 and")
	if n != 5 || ids[0] != 100 || ids[4] != 104 || ids[5] != 0 {
		t.Error(n, ids)
	}
}

func TestAReserveFunctionsErrorIsTheMessage(t *testing.T) {
	flake := hasty(t)
	long := strings.Repeat("é", 400)
	for i, each := range []struct{ said, words string }{
		{"no connection to the ledger", "no connection to the ledger"}, {"", "callback failed"},
		{long, strings.Repeat("é", 50)}, {"a\x00b", "a\uFFFDb"}, {"%s%n", "%s%n"}, {"\xff", ""},
	} {
		tag := fmt.Sprint("tag ", i)
		_, err := flake.Segment(tag, &shmflake.SegmentOptions{
			Reserve: func(string, uint64) (uint64, uint64, error) { return 1, 1, errors.New(each.said) },
		})
		checkError(t, err, shmflake.ErrReserve, tag, each.words)
		if strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%q", err)
		}
	}
	status := must(flake.Segments())[0]
	if status.LastError != shmflake.ErrReserve || status.FailuresInRow == 0 || status.LastErrorText == "" {
		t.Errorf("%+v", status)
	}
}

func TestAPrefetchThatFailsHoldsNobodyUpAndIsMendedByTheNext(t *testing.T) {
	var ledger ledger
	var failing bool
	var mutex sync.Mutex
	fail := func(on bool) {
		mutex.Lock()
		defer mutex.Unlock()
		failing = on
	}
	segment := openSegment(t, hasty(t), &shmflake.SegmentOptions{
		Step: 100, MaxStep: 100, Reserve: func(tag string, step uint64) (uint64, uint64, error) {
			mutex.Lock()
			defer mutex.Unlock()
			if failing {
				return 0, 0, errors.New("closed for lunch")
			}
			return ledger.reserve(tag, step)
		}})
	fail(true)
	for i := 1; i <= 100; i++ {
		if id := must(segment.Next()); int(id) != i {
			t.Fatal(i, id)
		}
	}
	_, err := segment.Next()
	checkError(t, err, shmflake.ErrReserve, nameOf(t), "closed for lunch")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err = segment.NextContext(ctx)
	checkError(t, err, shmflake.ErrReserve, "closed for lunch")
	fail(false)
	until(t, "it does not try again", func() bool { return must(segment.Status()).NextAttemptInMS == 0 })
	if id := must(segment.Next()); id != 101 {
		t.Error(id)
	}
}

func TestAReserveFunctionThatEndsItsGoroutineEndsNothingElse(t *testing.T) {
	_, err := hasty(t).Segment(nameOf(t), &shmflake.SegmentOptions{
		Reserve: func(string, uint64) (uint64, uint64, error) { runtime.Goexit(); return 1, 1, nil },
	})
	checkError(t, err, shmflake.ErrReserve, "ended its goroutine")
}

func TestAReserveFunctionMayUseAnotherHandle(t *testing.T) {
	other := must(shmflake.Open("other-" + nameOf(t)))
	defer other.Close()
	inner := must(other.Segment(nameOf(t), nil))
	segment := openSegment(t, open(t), &shmflake.SegmentOptions{
		Reserve: func(string, uint64) (uint64, uint64, error) { return uint64(must(inner.Next())) * 1000, 1, nil },
	})
	for i := 1; i < 10; i++ {
		if id := must(segment.Next()); int(id) != i*1000 {
			t.Error(i, id)
		}
	}
}

// blocking gives one range, then waits until it is let go.
func blocking(first uint64) (reserve func(string, uint64) (uint64, uint64, error), entered chan struct{}, ready chan struct{}) {
	entered, ready = make(chan struct{}, 100), make(chan struct{})
	ledger := &ledger{top: first - 1}
	return func(tag string, step uint64) (uint64, uint64, error) {
		if ledger.asked() > 0 {
			entered <- struct{}{}
			<-ready
		}
		return ledger.reserve(tag, step)
	}, entered, ready
}

func TestNoIDInTimeWhileAnotherReservesIsAnEmptySegment(t *testing.T) {
	reserve, entered, ready := blocking(1)
	segment := openSegment(t, hasty(t), &shmflake.SegmentOptions{Step: 2, MaxStep: 2, PrefetchPercent: 90, Reserve: reserve})
	done := make(chan struct{})
	go func() {
		defer close(done)
		segment.NextN(make([]shmflake.ID, 3))
	}()
	<-entered
	_, err := segment.NextN(make([]shmflake.ID, 3))
	checkError(t, err, shmflake.ErrSegmentEmpty, nameOf(t), "50 ms")
	close(ready)
	<-done
}

func TestAContextEndsTheWaitForASegment(t *testing.T) {
	reserve, entered, ready := blocking(1)
	flake := open(t, shmflake.WithWaitTimeoutMS(forTooLong))
	segment := openSegment(t, flake, &shmflake.SegmentOptions{Step: 2, MaxStep: 2, Reserve: reserve})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	ids := make([]shmflake.ID, 5)
	if n, err := segment.NextNContext(ctx, ids); n != 0 || !errors.Is(err, context.DeadlineExceeded) || ids[0] != 0 {
		t.Error(n, err, ids)
	}
	<-entered
	if _, err := segment.NextContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(ready)
}
