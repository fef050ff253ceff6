// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func TestAnErrorHasTheLibrarysCodeAndMessage(t *testing.T) {
	_, err := shmflake.Open("orders", shmflake.WithWorkerID(4096))
	checkError(t, err, shmflake.ErrWorkerID)
	if err.Error() != "shmflake: worker_id must be 0..255: 4096" {
		t.Error(err)
	}
	wrapped := fmt.Errorf("while starting: %w", err)
	if !errors.Is(wrapped, shmflake.ErrWorkerID) || errors.Is(wrapped, shmflake.ErrName) {
		t.Error("errors.Is does not tell the codes apart")
	}
	var refused *shmflake.Error
	if !errors.As(wrapped, &refused) || refused.Code != shmflake.ErrWorkerID {
		t.Error(refused)
	}
	var code shmflake.Code
	if !errors.As(wrapped, &code) || code != shmflake.ErrWorkerID {
		t.Error(code)
	}
}

func TestTheLibraryKnowsEveryCode(t *testing.T) {
	for code, name := range map[shmflake.Code]string{
		shmflake.ErrNullArgument: "NULL_ARGUMENT", shmflake.ErrWorkerID: "WORKER_ID", shmflake.ErrID: "ID",
		shmflake.ErrConfigNotFound: "CONFIG_NOT_FOUND", shmflake.ErrTooManyFiles: "TOO_MANY_FILES",
		shmflake.ErrRegionLost: "REGION_LOST", shmflake.ErrStoreReplaced: "STORE_REPLACED",
		shmflake.ErrStoreDenied: "STORE_DENIED", shmflake.ErrTag: "TAG", shmflake.ErrReserve: "RESERVE",
		shmflake.ErrWouldWait: "WOULD_WAIT", 0: "OK", -999: "UNKNOWN", 1: "UNKNOWN",
	} {
		if got := shmflake.ErrorName(code); got != name {
			t.Errorf("%d is %s, not %s", code, got, name)
		}
		if shmflake.StrError(code) == "" || code.Error() != "shmflake: "+shmflake.StrError(code) {
			t.Errorf("%d: %q", code, code.Error())
		}
	}
	if shmflake.StrError(-999) != "unknown error" {
		t.Error(shmflake.StrError(-999))
	}
}

func TestATextWithANULByteIsNotCutShort(t *testing.T) {
	const bad = "a\x00b"
	for name, err := range map[string]error{
		"ErrName":   second(shmflake.Open(bad)),
		"ErrOption": second(shmflake.Open("", shmflake.WithDirectory(bad))),
		"ErrText":   second(shmflake.Parse("1\x002", shmflake.FormDecimal)),
		"ErrLayout": second(shmflake.DecodeLayout("twitter\x00", 1)),
	} {
		code := map[string]shmflake.Code{
			"ErrName": shmflake.ErrName, "ErrOption": shmflake.ErrOption, "ErrText": shmflake.ErrText,
			"ErrLayout": shmflake.ErrLayout,
		}[name]
		checkError(t, err, code, "NUL byte", `\x00`)
	}
	checkError(t, shmflake.Retire(bad), shmflake.ErrName)
	checkError(t, second(shmflake.Settings(bad)), shmflake.ErrName)
	checkError(t, second(shmflake.ParseUUID("\x00")), shmflake.ErrText)
	checkError(t, second(shmflake.ParseULID("\x00")), shmflake.ErrText)
}

func TestNamesThatAreNotAllowedAreRefused(t *testing.T) {
	for _, name := range []string{"a/b", "..", ".hidden", "a b", "é", strings.Repeat("x", 64), strings.Repeat("x", 100_000)} {
		_, err := shmflake.Open(name)
		checkError(t, err, shmflake.ErrName)
	}
}

// A call that waits comes back to Go on any thread, whose last error is another's.
func TestMessagesAreNotMixedUpAfterAWait(t *testing.T) {
	flake := open(t, slow(5)...)
	var waiting sync.WaitGroup
	for i := 0; i < 32; i++ {
		waiting.Add(1)
		go func(i int) {
			defer waiting.Done()
			for j := 0; j < 10; j++ {
				var err error
				if i%2 == 0 {
					_, err = flake.Next()
				} else {
					_, err = flake.NextN(make([]shmflake.ID, 5))
				}
				if err != nil { // two a second may have an ID
					checkError(t, err, shmflake.ErrExhausted, "sequence")
				}
				_, err = shmflake.Settings("", shmflake.WithWorkerID(uint32(1000+i)))
				checkError(t, err, shmflake.ErrWorkerID, fmt.Sprint(": ", 1000+i))
			}
		}(i)
	}
	waiting.Wait()
}

func TestMessagesAreNotMixedUpBetweenGoroutines(t *testing.T) {
	var waiting sync.WaitGroup
	for i := 0; i < 16; i++ {
		waiting.Add(1)
		go func(i int) {
			defer waiting.Done()
			for j := 0; j < 500; j++ {
				digits := strings.Repeat("9", 21+i)
				text := digits + "x"
				_, err := shmflake.Parse(text, shmflake.FormDecimal)
				_, worker := shmflake.Settings("", shmflake.WithWorkerID(uint32(1000+i)))
				checkError(t, err, shmflake.ErrText)
				checkError(t, worker, shmflake.ErrWorkerID, fmt.Sprint(": ", 1000+i))
			}
		}(i)
	}
	waiting.Wait()
}
