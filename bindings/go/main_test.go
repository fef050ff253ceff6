// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// A child process of a test is this program again, with the name of what it is to do in here.
const childVariable = "TEST_CHILD"

func TestMain(m *testing.M) {
	if child := os.Getenv(childVariable); child != "" {
		children[child]()
		return
	}
	os.Exit(inPlaceOfItsOwn(m.Run))
}

// Nothing of the caller's configuration reaches a test, and nothing is left behind.
func inPlaceOfItsOwn(run func() int) int {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "SHMFLAKE_") || strings.HasPrefix(name, "SNOWFLAKE_") {
			os.Unsetenv(name)
		}
	}
	place, err := os.MkdirTemp("", "shmflake-go-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(place)
	empty := filepath.Join(place, "empty.toml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("SNOWFLAKE_CONFIG", empty)
	os.Setenv("SHMFLAKE_DIR", filepath.Join(place, "regions"))
	os.Setenv("SHMFLAKE_STATE_DIR", filepath.Join(place, "state"))
	os.Setenv("SNOWFLAKE_WORKER_ID", "7")
	return run()
}

// nameOf is a region name of the test's own.
func nameOf(t testing.TB) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' {
			return '-'
		}
		return r
	}, t.Name())
}

// open opens the test's region, and closes it with the test.
func open(t testing.TB, options ...shmflake.Option) *shmflake.Flake {
	t.Helper()
	flake, err := shmflake.Open(nameOf(t), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { flake.Close() })
	return flake
}

// slow makes a region whose draws soon have to wait: two IDs a second, none borrowed.
func slow(waitTimeoutMS uint32) []shmflake.Option {
	return []shmflake.Option{
		shmflake.WithTickUS(1_000_000), shmflake.WithSequenceBits(1), shmflake.WithMaxBackwardMS(0),
		shmflake.WithWaitTimeoutMS(waitTimeoutMS),
	}
}

// must is for what cannot fail here.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// checkError wants an *Error of that code whose message has all the words.
func checkError(t testing.TB, err error, want shmflake.Code, words ...string) {
	t.Helper()
	refused, ok := err.(*shmflake.Error)
	if !ok {
		t.Errorf("got %T %v, want an *Error of code %s", err, err, shmflake.ErrorName(want))
		return
	}
	if refused.Code != want {
		t.Errorf("got %s (%s), want %s", shmflake.ErrorName(refused.Code), refused.Message, shmflake.ErrorName(want))
	}
	for _, word := range words {
		if !strings.Contains(refused.Message, word) {
			t.Errorf("the message %q lacks %q", refused.Message, word)
		}
	}
}
