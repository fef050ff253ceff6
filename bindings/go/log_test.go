// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// A journal keeps events; in a test of what a log function may do, it also does it.
type journal struct {
	mutex  sync.Mutex
	levels map[string]shmflake.LogLevel
	fields map[string][]shmflake.LogField
	act    func()
}

func (j *journal) write(level shmflake.LogLevel, event string, fields []shmflake.LogField) {
	j.mutex.Lock()
	if j.levels == nil {
		j.levels, j.fields = map[string]shmflake.LogLevel{}, map[string][]shmflake.LogField{}
	}
	j.levels[event], j.fields[event] = level, fields
	j.mutex.Unlock()
	if j.act != nil {
		j.act()
	}
}

func (j *journal) has(event string) bool {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.levels[event] != 0
}

func TestTheLogFunctionGetsEventsWithTheirFields(t *testing.T) {
	var journal journal
	flake := open(t, shmflake.WithLog(journal.write), shmflake.WithLogLevel(shmflake.LogDebug))
	must(flake.Next())
	if !journal.has("region_created") {
		t.Fatal(journal.levels)
	}
	keys := map[string]string{}
	for _, field := range journal.fields["region_created"] {
		keys[field.Key] = field.Value
	}
	if keys["path"] != must(flake.Status()).Path {
		t.Error(keys)
	}
	if level := journal.levels["region_created"]; level != shmflake.LogInfo || level.String() != "INFO" {
		t.Error(level)
	}
}

func TestTheLogLevelIsTheLowestThatComes(t *testing.T) {
	var journal journal
	open(t, shmflake.WithLog(journal.write), shmflake.WithLogLevel(shmflake.LogError))
	if len(journal.levels) != 0 {
		t.Error(journal.levels)
	}
	open(t, shmflake.WithLog(nil))
}

func TestRetireLogsToo(t *testing.T) {
	open(t).Close()
	var journal journal
	if err := shmflake.Retire(nameOf(t), shmflake.WithLog(journal.write), shmflake.WithLogLevel(shmflake.LogDebug)); err != nil {
		t.Fatal(err)
	}
	if !journal.has("region_retired") {
		t.Error(journal.levels)
	}
}

func TestALogFunctionMayUseAnotherHandle(t *testing.T) {
	other, err := shmflake.Open("other-" + nameOf(t))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	journal := journal{act: func() { must(other.Next()) }}
	open(t, shmflake.WithLog(journal.write))
	if !journal.has("region_created") || must(other.Status()).IDsIssued == 0 {
		t.Error(journal.levels)
	}
}

func TestALogFunctionThatEndsItsGoroutineEndsNothingElse(t *testing.T) {
	journal := journal{act: runtime.Goexit}
	flake := open(t, shmflake.WithLog(journal.write))
	must(flake.Next())
	if !journal.has("region_created") {
		t.Error(journal.levels)
	}
}

func TestTheBackgroundThreadExtendsTheLeaseAndLogs(t *testing.T) {
	var journal journal
	flake := open(t, shmflake.WithBackgroundThread(true), shmflake.WithHorizonMS(200),
		shmflake.WithLog(journal.write), shmflake.WithLogLevel(shmflake.LogDebug))
	for deadline := time.Now().Add(time.Minute); !journal.has("lease_extended"); {
		if time.Now().After(deadline) {
			t.Fatal(journal.levels)
		}
		time.Sleep(10 * time.Millisecond)
	}
	must(flake.TryNext())
}
