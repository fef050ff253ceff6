// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// drawFromTruncatedRegion says what it got; a SIGBUS that is not handled ends it.
func drawFromTruncatedRegion() {
	flake := must(shmflake.Open(os.Getenv(regionVariable), shmflake.WithAttachOnly(true)))
	must(flake.Next())
	if err := os.Truncate(must(flake.Status()).Path, 0); err != nil {
		panic(err)
	}
	_, err := flake.TryNext()
	if !errors.Is(err, shmflake.ErrRegionLost) {
		panic(err)
	}
	fmt.Println("lost")
}

func TestARegionThatIsTruncatedIsAnErrorAndNoCrash(t *testing.T) {
	// In a process of its own, with a region that no other process has.
	flake := open(t)
	flake.Close()
	child := exec.Command(must(os.Executable()))
	child.Env = append(os.Environ(), childVariable+"=truncated", regionVariable+"="+nameOf(t))
	output, err := child.CombinedOutput()
	if err != nil || string(output) != "lost\n" {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestGosOwnBusErrorsStayGos(t *testing.T) {
	open(t)
	path := filepath.Join(t.TempDir(), "mapped")
	file := must(os.Create(path))
	defer file.Close()
	size := os.Getpagesize()
	if err := file.Truncate(int64(size)); err != nil {
		t.Fatal(err)
	}
	mapped := must(syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED))
	defer syscall.Munmap(mapped)
	if err := file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		fault, ok := recover().(interface{ Addr() uintptr })
		if !ok || fault.Addr() != uintptr(unsafe.Pointer(&mapped[0])) {
			t.Error("the fault did not become Go's panic:", fault)
		}
	}()
	t.Error("there is something to read:", mapped[0])
}
