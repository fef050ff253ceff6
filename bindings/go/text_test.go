// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/quick"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func TestEveryFormReadsWhatItWrites(t *testing.T) {
	for form, method := range map[shmflake.Form]func(shmflake.ID) string{
		shmflake.FormDecimal: shmflake.ID.String, shmflake.FormHex: shmflake.ID.Hex,
		shmflake.FormBase36: shmflake.ID.Base36, shmflake.FormBase58: shmflake.ID.Base58,
		shmflake.FormBase62: shmflake.ID.Base62, shmflake.FormCrockford32: shmflake.ID.Crockford32,
	} {
		comesBack := func(id shmflake.ID) bool {
			text, err := shmflake.Format(id, form)
			read, readErr := shmflake.Parse(text, form)
			return err == nil && readErr == nil && read == id && method(id) == text
		}
		for _, id := range []shmflake.ID{0, 1, math.MaxInt64, math.MaxUint64} {
			if !comesBack(id) {
				t.Error(form, id)
			}
		}
		if err := quick.Check(comesBack, nil); err != nil {
			t.Error(form, err)
		}
	}
	if id := shmflake.ID(math.MaxUint64); id.Base62() != "LygHa16AHYF" || id.Crockford32() != "FZZZZZZZZZZZZ" {
		t.Error(id.Base62(), id.Crockford32())
	}
}

func TestATextThatIsNoIDIsRefusedWithItsPosition(t *testing.T) {
	for _, each := range []struct {
		text string
		form shmflake.Form
		code shmflake.Code
		word string
	}{
		{"", shmflake.FormDecimal, shmflake.ErrText, "1..20 digits: 0"},
		{"12a", shmflake.FormDecimal, shmflake.ErrText, "3"},
		{"-1", shmflake.FormDecimal, shmflake.ErrText, "1"},
		{" 1", shmflake.FormDecimal, shmflake.ErrText, "1"},
		{"18446744073709551616", shmflake.FormDecimal, shmflake.ErrText, ""},
		{strings.Repeat("1", 1_000_000), shmflake.FormDecimal, shmflake.ErrText, ""},
		{"0l", shmflake.FormBase58, shmflake.ErrText, "1"},
		{"zz!", shmflake.FormBase62, shmflake.ErrText, "3"},
		{"1", 0, shmflake.ErrForm, "0"},
		{"1", 7, shmflake.ErrForm, "7"},
		{"1", -1, shmflake.ErrForm, "-1"},
	} {
		id, err := shmflake.Parse(each.text, each.form)
		checkError(t, err, each.code, each.word)
		if id != 0 {
			t.Error(id)
		}
	}
	_, err := shmflake.Format(1, 9)
	checkError(t, err, shmflake.ErrForm, "9")
}

func TestLayoutsByNameCanBeDecoded(t *testing.T) {
	layouts := must(shmflake.Layouts())
	known := map[string]shmflake.LayoutInfo{}
	for _, layout := range layouts {
		known[layout.Name] = layout
		if layout.About == "" || layout.TickUS == 0 || layout.UntilUnixMS <= layout.EpochMS {
			t.Errorf("%+v", layout)
		}
		if layout.TimestampBits+layout.DatacenterBits+layout.MachineBits+layout.SequenceBits != layout.IDBits {
			t.Errorf("%+v", layout)
		}
	}
	if len(known) < 11 || !known["sonyflake"].WorkerLast || known["js53"].IDBits != 53 {
		t.Error(known)
	}
	// A tweet of 2012: 211 ms after 05:38:42.
	parts := must(shmflake.DecodeLayout("twitter", 210462857140252672))
	if got := parts.Time().Format("2006-01-02 15:04:05"); got != "2012-06-06 20:16:55" && parts.Timestamp == 0 {
		t.Error(got, parts)
	}
	_, err := shmflake.DecodeLayout("myspace", 1)
	checkError(t, err, shmflake.ErrLayout, "myspace", "twitter")
	_, err = shmflake.DecodeLayout("js53", 1<<53)
	checkError(t, err, shmflake.ErrID)
	_, err = shmflake.DecodeLayout(strings.Repeat("long", 100), 1)
	checkError(t, err, shmflake.ErrLayout)
}

func TestPartsBeyondTheReachOfNanosecondsHaveATime(t *testing.T) {
	parts := must(shmflake.DecodeLayout("default", math.MaxInt64))
	if parts.UnixNS != math.MaxInt64 || parts.Time().Year() != 2299 {
		t.Error(parts, parts.Time())
	}
}

func TestAnIDOfNoDefaultLayoutHasNoTime(t *testing.T) {
	id := shmflake.ID(1 << 63)
	if !id.Time().IsZero() {
		t.Error(id.Time())
	}
	_, err := id.Parts()
	checkError(t, err, shmflake.ErrID)
}

func TestMaskingIsUndoneByItsKeyOnly(t *testing.T) {
	key, other := shmflake.Key{1, 2, 3}, shmflake.Key{1, 2, 4}
	undone := func(id shmflake.ID) bool {
		id &= math.MaxInt64
		masked := must(shmflake.Mask(key, id))
		return masked <= math.MaxInt64 && must(shmflake.Unmask(key, masked)) == id && must(shmflake.Unmask(other, masked)) != id
	}
	if err := quick.Check(undone, nil); err != nil {
		t.Error(err)
	}
	_, err := shmflake.Mask(key, 1<<63)
	checkError(t, err, shmflake.ErrID)
	_, err = shmflake.Unmask(key, 1<<63)
	checkError(t, err, shmflake.ErrID)
}

func TestAKeyIsNotPrinted(t *testing.T) {
	key := shmflake.Key{222, 173, 190, 239}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s"} {
		text := fmt.Sprintf(verb, key) + fmt.Sprintf(verb, struct{ Key shmflake.Key }{key})
		if strings.Contains(text, "222") || strings.Contains(text, "de") {
			t.Error(verb, text)
		}
	}
}
