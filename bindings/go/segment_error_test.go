// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func TestTagsThatAreNotAllowedAreRefused(t *testing.T) {
	flake := open(t)
	for _, tag := range []string{"", strings.Repeat("x", 65), strings.Repeat("é", 33), "a\nb", "a\x7fb", "\xff", "a\xc3", "\xed\xa0\x80", "a\x00b", "\x00"} {
		_, err := flake.Segment(tag, nil)
		checkError(t, err, shmflake.ErrTag, "tag")
		if !errors.Is(err, shmflake.ErrTag) || errors.Is(err, shmflake.ErrTagUnknown) {
			t.Error(err)
		}
	}
	for _, tag := range []string{"x", strings.Repeat("x", 64), strings.Repeat("é", 32), "订单", "a b", "'\";--"} {
		segment := must(flake.Segment(tag, nil))
		must(segment.Next())
		if segment.Tag() != tag || must(segment.Status()).Tag != tag {
			t.Errorf("%q %+v", tag, must(segment.Status()))
		}
	}
}

func TestSegmentOptionsOutOfTheirRangeAreRefused(t *testing.T) {
	flake := open(t)
	var ledger ledger
	for _, each := range []struct {
		options shmflake.SegmentOptions
		code    shmflake.Code
		words   string
	}{
		{shmflake.SegmentOptions{Create: 3}, shmflake.ErrOption, "create"},
		{shmflake.SegmentOptions{PrefetchPercent: 91}, shmflake.ErrOption, "prefetch_percent must be 1..90: 91"},
		{shmflake.SegmentOptions{Step: 1_000_001}, shmflake.ErrOption, "step must be 1..1000000: 1000001"},
		{shmflake.SegmentOptions{MinStep: 11, MaxStep: 10}, shmflake.ErrOption, "min_step must be 1..10: 11"},
		{shmflake.SegmentOptions{MaxStep: 1_000_000_001}, shmflake.ErrOption, "max_step must be 1..1000000000"},
		{shmflake.SegmentOptions{Store: "sqlite:", Reserve: ledger.reserve}, shmflake.ErrOption, "not both"},
		{shmflake.SegmentOptions{Store: "a\x00b"}, shmflake.ErrOption, "NUL byte"},
		{shmflake.SegmentOptions{Store: "papyrus:"}, shmflake.ErrStoreURL, "papyrus"},
		{shmflake.SegmentOptions{Store: "mysql://user:secret@host/db"}, shmflake.ErrStoreURL, "password"},
		{shmflake.SegmentOptions{Create: shmflake.Off}, shmflake.ErrTagUnknown, nameOf(t)},
	} {
		_, err := flake.Segment(nameOf(t), &each.options)
		checkError(t, err, each.code, each.words)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
	checkError(t, second(must(flake.Segment("counted", nil)).NextN(nil)), shmflake.ErrCount)
}

func TestATagOfAnotherStoreIsRefused(t *testing.T) {
	flake := open(t)
	openSegment(t, flake, nil)
	var ledger ledger
	for _, options := range []shmflake.SegmentOptions{
		{Store: "sqlite:" + filepath.Join(t.TempDir(), "x.db")}, {Reserve: ledger.reserve},
	} {
		_, err := flake.Segment(nameOf(t), &options)
		checkError(t, err, shmflake.ErrTagStore, nameOf(t))
	}
}

func TestARegionHasRoomFor256Tags(t *testing.T) {
	flake := open(t)
	var ledger ledger
	for i := 0; i < 256; i++ {
		must(flake.Segment(fmt.Sprint(i), &shmflake.SegmentOptions{Reserve: ledger.reserve})).Close()
	}
	_, err := flake.Segment("256", &shmflake.SegmentOptions{Reserve: ledger.reserve})
	checkError(t, err, shmflake.ErrTagsFull, "256 tags")
	if listed := must(flake.Segments()); len(listed) != 256 {
		t.Error(len(listed))
	}
}

func TestStoresThatCannotBeUsedAreRefused(t *testing.T) {
	t.Setenv("SHMFLAKE_PLUGIN_DIR", t.TempDir())
	junk := filepath.Join(t.TempDir(), "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("junk", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, code := range map[string]shmflake.Code{
		"nonsense": shmflake.ErrStoreURL, "mysql://host/db?colour=red": shmflake.ErrStoreURL,
		"sqlite:\x00": shmflake.ErrStoreURL, "etcd://127.0.0.1:1/x": shmflake.ErrStorePlugin,
		"sqlite:" + junk: shmflake.ErrStoreCorrupt, "sqlite:" + t.TempDir(): shmflake.ErrNotRegular,
	} {
		checkError(t, shmflake.StoreInit(url, shmflake.WithWaitTimeoutMS(50)), code)
	}
	checkError(t, shmflake.StoreInit("", shmflake.WithConfigFile("/no/such/file")), shmflake.ErrConfigNotFound)
}

// A backup that is put back grants what was granted before.
func TestAStoreThatWentBackwardsIsRefusedWhenTheIDsAreUsedUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.db")
	options := &shmflake.SegmentOptions{Store: "sqlite:" + file, Step: 10, MaxStep: 10}
	segment := openSegment(t, hasty(t), options)
	backup := must(os.ReadFile(file))
	ids := make([]shmflake.ID, 25)
	must(segment.NextN(ids))
	for _, each := range must(filepath.Glob(file + "*")) {
		if err := os.Remove(each); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	last := ids[24]
	for i := 0; i < 100 && err == nil; i++ {
		var id shmflake.ID
		if id, err = segment.Next(); err == nil && id != last+1 {
			t.Fatal(id, last)
		}
		last = id
	}
	checkError(t, err, shmflake.ErrSegmentBackwards, nameOf(t))
}
