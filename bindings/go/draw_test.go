// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func TestIDsAscend(t *testing.T) {
	flake := open(t)
	var last shmflake.ID
	for i := 0; i < 10_000; i++ {
		id, err := flake.Next()
		if err != nil {
			t.Fatal(err)
		}
		if id <= last {
			t.Fatalf("%d follows %d", id, last)
		}
		last = id
	}
}

func TestEveryWayToDrawGoesOnWhereTheOthersEnded(t *testing.T) {
	flake := open(t)
	var last shmflake.ID
	above := func(id shmflake.ID, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if id <= last {
			t.Fatalf("%d follows %d", id, last)
		}
		last = id
	}
	for i := 0; i < 100; i++ {
		above(flake.Next())
		above(flake.TryNext())
		for {
			id, err := flake.NextNowait()
			if errors.Is(err, shmflake.ErrWouldWait) {
				above(flake.Next())
				continue
			}
			above(id, err)
			break
		}
		ids := make([]shmflake.ID, 50)
		n, err := flake.NextN(ids)
		if n != len(ids) {
			t.Fatal(n, err)
		}
		for _, id := range ids {
			above(id, err)
		}
		block, err := flake.Block(10)
		if block.Count < 1 || block.Count > 10 {
			t.Fatal(block, err)
		}
		for id, more := block.Next(); more; id, more = block.Next() {
			above(id, err)
		}
		if watermark := must(flake.Watermark()); watermark != last {
			t.Fatalf("the watermark is %d after %d", watermark, last)
		}
	}
}

func TestInRelaxedOrderingThereIsNoWatermark(t *testing.T) {
	flake := open(t, shmflake.WithOrdering(shmflake.OrderingRelaxed))
	must(flake.Next())
	if _, err := flake.Watermark(); !errors.Is(err, shmflake.ErrOption) {
		t.Fatal(err)
	}
}

func TestDrawingNoneIsAnError(t *testing.T) {
	flake := open(t)
	for name, err := range map[string]error{
		"NextN nil":   second(flake.NextN(nil)),
		"NextN empty": second(flake.NextN([]shmflake.ID{})),
		"UUID7N":      second(flake.UUID7N(nil)),
		"Block":       second(flake.Block(0)),
	} {
		t.Run(name, func(t *testing.T) { checkError(t, err, shmflake.ErrCount, "must be 1 or more: 0") })
	}
}

func second[T any](_ T, err error) error { return err }

func TestABlockCanBeSeenAgainAndTakenOnce(t *testing.T) {
	flake := open(t)
	block := must(flake.Block(20))
	var seen []shmflake.ID
	block.All()(func(id shmflake.ID) bool {
		seen = append(seen, id)
		return len(seen) < 3
	})
	if uint64(len(seen)) > block.Count || seen[0] != block.First {
		t.Error(seen, block)
	}
	count := block.Count
	for i := uint64(0); i < count; i++ {
		if id, more := block.Next(); !more || id != seen[0]+shmflake.ID(i) {
			t.Error(id, more)
		}
	}
	if id, more := block.Next(); more || id != 0 {
		t.Error(id, more)
	}
}

func TestNextNSaysHowManyItDrewBeforeItFailed(t *testing.T) {
	t.Parallel()
	flake := open(t, slow(1100)...)
	ids := make([]shmflake.ID, 50)
	n, err := flake.NextN(ids)
	checkError(t, err, shmflake.ErrExhausted)
	if n < 1 || n >= len(ids) {
		t.Fatal(n)
	}
	for i, id := range ids {
		if (id != 0) != (i < n) {
			t.Errorf("ids[%d] = %d of %d", i, id, n)
		}
	}
}

func TestWhatDoesNotWaitSaysSo(t *testing.T) {
	flake := open(t, slow(1)...)
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = flake.TryNext()
	}
	checkError(t, err, shmflake.ErrExhausted)
	err = nil
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = flake.NextNowait()
	}
	checkError(t, err, shmflake.ErrWouldWait)
}

func TestUUIDsAndULIDsAscendInOneOrder(t *testing.T) {
	flake := open(t)
	var last [8]byte // 48 bits of time and 16 of counter
	after := func(key [8]byte) {
		t.Helper()
		if bytes.Compare(key[:], last[:]) <= 0 {
			t.Fatalf("%x follows %x", key, last)
		}
		last = key
	}
	ofUUID := func(u shmflake.UUID) (key [8]byte) {
		copy(key[:6], u[:6])
		counter := uint16(u[6]&0xf)<<12 | uint16(u[7])<<4 | uint16(u[8]>>2&0xf)
		key[6], key[7] = byte(counter>>8), byte(counter)
		return key
	}
	ofULID := func(u shmflake.ULID) (key [8]byte) {
		copy(key[:], u[:8])
		return key
	}
	before := time.Now()
	for i := 0; i < 300; i++ {
		uuid := must(flake.UUID7())
		if uuid[6]>>4 != 7 || uuid[8]>>6 != 2 {
			t.Fatalf("%s is no UUIDv7", uuid)
		}
		after(ofUUID(uuid))
		after(ofULID(must(flake.ULID())))
		if uuid, err := flake.UUID7Nowait(); err == nil {
			after(ofUUID(uuid))
		}
		if ulid, err := flake.ULIDNowait(); err == nil {
			after(ofULID(ulid))
		}
		var many [20]shmflake.UUID
		if n, err := flake.UUID7N(many[:]); n != len(many) || err != nil {
			t.Fatal(n, err)
		}
		for _, each := range many {
			after(ofUUID(each))
		}
		if age := uuid.Time().Sub(before); age < -time.Second || age > time.Minute {
			t.Fatal(uuid.Time(), before)
		}
	}
}

func TestObserveLiftsTheRegionAboveAnID(t *testing.T) {
	flake := open(t, shmflake.WithMaxBackwardMS(5000))
	_, future := must2(flake.Bounds(time.Now().Add(2 * time.Second)))
	if err := flake.Observe(future); err != nil {
		t.Fatal(err)
	}
	if id := must(flake.Next()); id <= future {
		t.Errorf("%d was drawn after %d was observed", id, future)
	}
	_, far := must2(flake.Bounds(time.Now().Add(time.Hour)))
	checkError(t, flake.Observe(far), shmflake.ErrTooFarAhead)
	checkError(t, flake.Observe(1<<63), shmflake.ErrID)
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

func TestBoundsHoldTheIDsOfAnInstant(t *testing.T) {
	flake := open(t)
	for i := 0; i < 100; i++ {
		id := must(flake.Next())
		parts := must(flake.Decode(id))
		lowest, highest := must2(flake.Bounds(parts.Time()))
		if id < lowest || id > highest {
			t.Fatalf("%d is not within %d and %d", id, lowest, highest)
		}
		if parts.WorkerID != 7 || parts.WorkerID != parts.DatacenterID<<6|parts.MachineID {
			t.Fatal(parts)
		}
		if id.Time() != parts.Time() || must(id.Parts()) != parts {
			t.Fatal("the default layout is another one than the region's", id.Time(), parts)
		}
	}
}

func TestAnInstantOutOfRangeIsRefused(t *testing.T) {
	flake := open(t)
	for _, instant := range []time.Time{
		{}, time.Unix(0, 0), time.Date(2020, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(math.MaxInt64/2, 0), time.Unix(math.MinInt64/2, 0),
		time.Unix(math.MaxUint64/1000+1_700_000_000, 0), // as milliseconds it would wrap around to 2023
	} {
		lowest, highest, err := flake.Bounds(instant)
		checkError(t, err, shmflake.ErrInstant)
		if lowest != 0 || highest != 0 {
			t.Error(lowest, highest)
		}
	}
}
