// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// What a child process may be started to do.
var children = map[string]func(){
	"draw": drawForParent, "truncated": drawFromTruncatedRegion, "segment": drawSegmentForParent,
}

const (
	regionVariable = "TEST_REGION"
	countVariable  = "TEST_COUNT" // of each goroutine
)

// drawForParent writes every ID to standard output, eight bytes each, drawn by several goroutines
// and in every way that there is.
func drawForParent() {
	flake := must(shmflake.Open(os.Getenv(regionVariable)))
	count := must(strconv.Atoi(os.Getenv(countVariable)))
	var mutex sync.Mutex
	write := func(ids ...shmflake.ID) {
		bytes := make([]byte, 0, 8*len(ids))
		for _, id := range ids {
			bytes = append(bytes, make([]byte, 8)...)
			binary.LittleEndian.PutUint64(bytes[len(bytes)-8:], uint64(id))
		}
		mutex.Lock()
		defer mutex.Unlock()
		must(os.Stdout.Write(bytes))
	}
	var drawing sync.WaitGroup
	for i := 0; i < 4; i++ {
		drawing.Add(1)
		go func(kind int) {
			defer drawing.Done()
			for drawn := 0; drawn < count; {
				switch kind {
				case 0, 1:
					write(must(flake.Next()))
					drawn++
				case 2:
					ids := make([]shmflake.ID, 100)
					n := must(flake.NextN(ids))
					write(ids[:n]...)
					drawn += n
				case 3:
					block := must(flake.Block(50))
					for id, more := block.Next(); more; id, more = block.Next() {
						write(id)
						drawn++
					}
				}
			}
		}(i)
	}
	drawing.Wait()
	flake.Close()
}

// startDrawer starts a child that draws from the test's region, and collects what it drew.
func startDrawer(t *testing.T, what string, count int, handed *hand) (child *exec.Cmd, ended func()) {
	t.Helper()
	child = exec.Command(must(os.Executable()))
	child.Env = append(os.Environ(), childVariable+"="+what, regionVariable+"="+nameOf(t), fmt.Sprint(countVariable, "=", count))
	child.Stderr = os.Stderr
	output := must(child.StdoutPipe())
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		reader := bufio.NewReader(output)
		var bytes [8]byte
		for {
			if _, err := io.ReadFull(reader, bytes[:]); err != nil {
				return // a child that was killed may have ended within an ID
			}
			handed.add(shmflake.ID(binary.LittleEndian.Uint64(bytes[:])))
		}
	}()
	return child, func() { <-done }
}

func TestChildrenThatAttachThemselvesGetNoIDTwice(t *testing.T) {
	for _, ordering := range []shmflake.Ordering{shmflake.OrderingStrict, shmflake.OrderingRelaxed} {
		t.Run(fmt.Sprint(ordering), func(t *testing.T) {
			const processes, each = 5, 4 * 3000
			flake := open(t, shmflake.WithOrdering(ordering))
			var handed hand
			var running []*exec.Cmd
			var ends []func()
			for i := 0; i < processes; i++ {
				child, ended := startDrawer(t, "draw", each/4, &handed)
				running, ends = append(running, child), append(ends, ended)
			}
			for i := 0; i < 5000; i++ {
				handed.add(must(flake.Next()))
			}
			for i, child := range running {
				ends[i]()
				if err := child.Wait(); err != nil {
					t.Error(err)
				}
			}
			if len(handed.ids) < processes*each {
				t.Error("only so many IDs:", len(handed.ids))
			}
			handed.check(t)
		})
	}
}

func TestChildrenThatAreKilledRepeatNothingAndHoldNobodyUp(t *testing.T) {
	flake := open(t)
	var handed hand
	for round := 0; round < 12; round++ {
		child, ended := startDrawer(t, "draw", 1<<30, &handed)
		enough := time.Now().Add(time.Minute)
		for len(must(flake.Processes())) < 2 {
			if time.Now().After(enough) {
				t.Fatal("the child does not attach")
			}
			handed.add(must(flake.Next()))
		}
		for i := 0; i < 300*(round%4); i++ {
			handed.add(must(flake.Next()))
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		ended()
		if err := child.Wait(); err == nil {
			t.Error("the child was not killed")
		}
		handed.add(must(flake.Next()))
	}
	handed.check(t)
}
