// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/quick"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

var (
	_ sql.Scanner              = (*shmflake.ID)(nil)
	_ driver.Valuer            = shmflake.ID(0)
	_ json.Marshaler           = shmflake.ID(0)
	_ encoding.TextUnmarshaler = (*shmflake.UUID)(nil)
	_ driver.Valuer            = shmflake.UUID{}
	_ encoding.TextUnmarshaler = (*shmflake.ULID)(nil)
	_ driver.Valuer            = shmflake.ULID{}
)

func TestAnIDIsAStringInJSONAndExact(t *testing.T) {
	type document struct {
		ID   shmflake.ID
		Next *shmflake.ID
		Of   map[shmflake.ID]int
	}
	text := must(json.Marshal(document{ID: 1<<53 + 1, Of: map[shmflake.ID]int{2: 3}}))
	if string(text) != `{"ID":"9007199254740993","Next":null,"Of":{"2":3}}` {
		t.Error(string(text))
	}
	exact := func(id shmflake.ID) bool {
		var ofText, ofNumber, ofKey document
		asText := must(json.Marshal(document{ID: id, Next: &id}))
		return json.Unmarshal(asText, &ofText) == nil && ofText.ID == id && *ofText.Next == id &&
			json.Unmarshal([]byte(`{"ID": `+id.String()+` }`), &ofNumber) == nil && ofNumber.ID == id &&
			json.Unmarshal([]byte(`{"Of":{"`+id.String()+`":1}}`), &ofKey) == nil && ofKey.Of[id] == 1
	}
	if err := quick.Check(exact, nil); err != nil {
		t.Error(err)
	}
	if !exact(0) || !exact(math.MaxInt64) || !exact(math.MaxUint64) {
		t.Error("the ends of the range")
	}
}

func TestJSONNullLeavesAnIDAsItIs(t *testing.T) {
	id := shmflake.ID(5)
	if err := json.Unmarshal([]byte("null"), &id); err != nil || id != 5 {
		t.Error(id, err)
	}
}

func TestJSONThatIsNoIDIsRefused(t *testing.T) {
	for _, text := range []string{
		`""`, `"-1"`, `"1.0"`, `"1e3"`, `" 1"`, `"abc"`, `"0x10"`, `-1`, `1.5`, `1e3`, `18446744073709551616`,
		`true`, `{}`, `[]`, `[1]`, `"1\u0000"`,
	} {
		id := shmflake.ID(5)
		err := json.Unmarshal([]byte(text), &id)
		if !errors.Is(err, shmflake.ErrText) || id != 5 {
			t.Errorf("%s: %d, %v", text, id, err)
		}
	}
	var id shmflake.ID
	if err := id.UnmarshalJSON([]byte(`"1`)); err == nil {
		t.Error("half a string is accepted")
	}
	checkError(t, id.UnmarshalJSON(nil), shmflake.ErrText)
	if err := json.Unmarshal([]byte(`"\u0031\u0032"`), &id); err != nil || id != 12 {
		t.Error(id, err)
	}
}

func TestADatabaseGivesBackTheIDThatWasStored(t *testing.T) {
	for _, id := range []shmflake.ID{0, 1, 1<<53 + 1, math.MaxInt64} {
		value := must(id.Value())
		if value != int64(id) {
			t.Error(value)
		}
		for _, stored := range []any{value, id.String(), []byte(id.String())} {
			var read shmflake.ID
			if err := read.Scan(stored); err != nil || read != id {
				t.Errorf("%T %v: %d, %v", stored, stored, read, err)
			}
		}
	}
	_, err := shmflake.ID(1 << 63).Value()
	checkError(t, err, shmflake.ErrID, "9223372036854775808")
}

func TestADatabaseValueThatIsNoIDIsRefused(t *testing.T) {
	id := shmflake.ID(5)
	checkError(t, id.Scan(int64(-1)), shmflake.ErrID, "-1")
	checkError(t, id.Scan("12a"), shmflake.ErrText)
	checkError(t, id.Scan([]byte{}), shmflake.ErrText)
	for _, foreign := range []any{nil, 1.0, true, uint64(1), struct{}{}} {
		if err := id.Scan(foreign); err == nil || !strings.Contains(err.Error(), "cannot scan") {
			t.Errorf("%v: %v", foreign, err)
		}
	}
	if id != 5 {
		t.Error(id)
	}
}

func TestUUIDsAndULIDsComeBackFromText(t *testing.T) {
	flake := open(t)
	for i := 0; i < 100; i++ {
		uuid, ulid := must(flake.UUID7()), must(flake.ULID())
		text := must(json.Marshal([]any{uuid, ulid}))
		var ofUUID shmflake.UUID
		var ofULID shmflake.ULID
		if err := json.Unmarshal(text, &[]any{&ofUUID, &ofULID}); err != nil || ofUUID != uuid || ofULID != ulid {
			t.Fatal(string(text), err)
		}
		for _, stored := range []any{must(uuid.Value()), []byte(uuid.String()), uuid[:], strings.ToUpper(uuid.String())} {
			var read shmflake.UUID
			if err := read.Scan(stored); err != nil || read != uuid {
				t.Fatal(stored, err)
			}
		}
		for _, stored := range []any{must(ulid.Value()), []byte(ulid.String()), ulid[:], strings.ToLower(ulid.String())} {
			var read shmflake.ULID
			if err := read.Scan(stored); err != nil || read != ulid {
				t.Fatal(stored, err)
			}
		}
		if !bytes.Equal([]byte(ulid.String()), []byte(must(shmflake.ParseULID(ulid.String())).String())) {
			t.Fatal(ulid)
		}
	}
}

func TestKnownUUIDsAndULIDsHaveTheirTime(t *testing.T) {
	// RFC 9562, appendix A.6, and the example of the ULID specification's age.
	uuid := must(shmflake.ParseUUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
	if uuid.String() != "017f22e2-79b0-7cc3-98c4-dc0c0c07398f" || uuid.Time().UnixMilli() != 1_645_557_742_000 {
		t.Error(uuid, uuid.Time())
	}
	ulid := must(shmflake.ParseULID("01ARYZ6S41TSV4RRFFQ69G5FAV"))
	if ulid.String() != "01ARYZ6S41TSV4RRFFQ69G5FAV" || ulid.Time().UnixMilli() != 1_469_918_176_385 {
		t.Error(ulid, ulid.Time().UnixMilli())
	}
	if random := must(shmflake.ParseUUID("919108f7-52d1-4320-9bac-f847db4148a8")); !random.Time().IsZero() {
		t.Error(random.Time())
	}
}

func TestWhatIsNoUUIDOrULIDIsRefused(t *testing.T) {
	var uuid shmflake.UUID
	var ulid shmflake.ULID
	for _, text := range []string{"", "017f22e2", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", strings.Repeat("0", 100)} {
		checkError(t, uuid.UnmarshalText([]byte(text)), shmflake.ErrText)
		checkError(t, uuid.Scan(text), shmflake.ErrText)
	}
	for _, text := range []string{"", "01ARYZ6S41", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARYZ6S41TSV4RRFFQ69G5FAU", strings.Repeat("0", 100)} {
		checkError(t, ulid.UnmarshalText([]byte(text)), shmflake.ErrText)
		checkError(t, ulid.Scan([]byte(text)), shmflake.ErrText)
	}
	for _, foreign := range []any{nil, int64(1), 1.5} {
		if uuid.Scan(foreign) == nil || ulid.Scan(foreign) == nil {
			t.Error(foreign, "is accepted")
		}
	}
	if (uuid != shmflake.UUID{}) || (ulid != shmflake.ULID{}) {
		t.Error(uuid, ulid)
	}
}
