// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

const unreachable = "etcd://127.0.0.1:1/ids"

// leaseCalls are the functions that ask the store of leases.
func leaseCalls(ctx context.Context, name string, options ...shmflake.Option) map[string]func() error {
	return map[string]func() error{
		"Leases":       func() error { return second(shmflake.Leases(name, options...)) },
		"LeaseFree":    func() error { return shmflake.LeaseFree(name, 7, options...) },
		"LeaseRelease": func() error { return shmflake.LeaseRelease(name, options...) },
		"LeasesContext": func() error {
			return second(shmflake.LeasesContext(ctx, name, options...))
		},
		"LeaseFreeContext": func() error {
			return shmflake.LeaseFreeContext(ctx, name, 7, options...)
		},
		"LeaseReleaseContext": func() error {
			return shmflake.LeaseReleaseContext(ctx, name, options...)
		},
	}
}

// only is the one lease of a namespace.
func only(t *testing.T, name string, options ...shmflake.Option) shmflake.Lease {
	t.Helper()
	leases, err := shmflake.Leases(name, options...)
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	return leases[0]
}

func TestALeaseTellsItsHolderAndHorizon(t *testing.T) {
	flake := open(t)
	must(flake.Next())
	status := must(flake.Status())
	lease := only(t, nameOf(t))
	if age := time.Since(time.UnixMilli(lease.UpdatedUnixMS)); age < -time.Minute || age > time.Minute {
		t.Error(age)
	}
	lease.UpdatedUnixMS = 0
	want := shmflake.Lease{
		WorkerID: 7, Held: true, InstanceID: status.InstanceID, HorizonUnixMS: status.CeilingUnixMS,
		TTLMS: shmflake.NoTTL, ThisHost: true, Region: nameOf(t), Host: must(os.Hostname()),
	}
	if lease != want {
		t.Errorf("%+v is not %+v", lease, want)
	}
}

func TestMoreLeasesThanThereIsRoomForAtFirstAreListedAscending(t *testing.T) {
	space := shmflake.WithIDNamespace(nameOf(t))
	for worker := uint32(70); worker > 0; worker-- {
		name := fmt.Sprintf("%s-%d", nameOf(t), worker)
		must(shmflake.Open(name, space, shmflake.WithWorkerID(worker))).Close()
	}
	leases := must(shmflake.Leases(nameOf(t), space))
	if len(leases) != 70 {
		t.Fatal(len(leases))
	}
	for i, lease := range leases {
		worker := uint32(i + 1)
		if lease.WorkerID != worker || lease.Region != fmt.Sprintf("%s-%d", nameOf(t), worker) {
			t.Errorf("%+v at %d", lease, i)
		}
	}
}

func TestANamespaceWithoutARecordHasNoLeases(t *testing.T) {
	if leases := must(shmflake.Leases(nameOf(t))); len(leases) != 0 {
		t.Error(leases)
	}
}

func TestAFreedLeaseKeepsItsHorizonAndTheNextHolderStartsThere(t *testing.T) {
	flake := open(t)
	last := must(flake.Next())
	before := only(t, nameOf(t))
	for i := 0; i < 2; i++ { // the second time nobody holds it
		if err := shmflake.LeaseFree(nameOf(t), 7); err != nil {
			t.Fatal(err)
		}
	}
	after := only(t, nameOf(t))
	if after.Held || !after.IsFree || after.InstanceID != 0 || after.TTLMS != 0 ||
		after.HorizonUnixMS != before.HorizonUnixMS || after.Region != nameOf(t) {
		t.Errorf("%+v", after)
	}
	flake.Close()
	if err := os.Remove(filepath.Join(os.Getenv("SHMFLAKE_DIR"), nameOf(t)+".region")); err != nil {
		t.Fatal(err)
	}
	again := open(t, shmflake.WithWaitTimeoutMS(30_000))
	if id := must(again.Next()); id <= last {
		t.Error(id, last)
	}
	if status := must(again.Status()); status.BirthUnixMS < before.HorizonUnixMS {
		t.Error(status.BirthUnixMS, before.HorizonUnixMS)
	}
}

func TestAReleaseGivesTheUnusedPartBackAndIsLogged(t *testing.T) {
	flake := open(t, shmflake.WithHorizonMS(60_000))
	last := must(flake.Next())
	before := only(t, nameOf(t))
	var journal journal
	if err := shmflake.LeaseRelease(nameOf(t), shmflake.WithLog(journal.write)); err != nil {
		t.Fatal(err)
	}
	if !journal.has("region_retired") {
		t.Error(journal.levels)
	}
	after := only(t, nameOf(t))
	if after.Held || after.HorizonUnixMS >= before.HorizonUnixMS {
		t.Errorf("%+v", after)
	}
	if id := must(flake.Next()); id <= last { // it follows
		t.Error(id, last)
	}
	checkError(t, shmflake.LeaseRelease(nameOf(t)+"-never"), shmflake.ErrNotFound, "-never")
}

func TestWhatWasNeverLeasedIsNamed(t *testing.T) {
	open(t)
	for _, worker := range []uint32{8, 256, 1<<32 - 1} { // and above the layout's
		checkError(t, shmflake.LeaseFree(nameOf(t), worker), shmflake.ErrNotFound, fmt.Sprintf("worker ID %d of", worker))
	}
	if !only(t, nameOf(t)).Held {
		t.Error("7 is free")
	}
}

func TestTheLeaseFunctionsRefuseWhatOpenRefuses(t *testing.T) {
	for _, each := range []struct {
		name   string
		option shmflake.Option
		code   shmflake.Code
		words  string
	}{
		{"a/b", shmflake.WithStore("sqlite"), shmflake.ErrName, "a/b"},
		{"a\x00b", shmflake.WithStore("sqlite"), shmflake.ErrName, "NUL"},
		{"a", shmflake.WithConfigFile("/no/such"), shmflake.ErrConfigNotFound, "/no/such"},
		{"a", shmflake.WithStore("paper"), shmflake.ErrStoreUnknown, "paper"},
		{"a", shmflake.WithStore("a\x00b"), shmflake.ErrOption, "NUL"},
		{"a", shmflake.WithStore("mysql://db"), shmflake.ErrStoreURL, "database"},
		{"a", shmflake.WithStore("etcd://u:secret@h/x"), shmflake.ErrStoreURL, "SHMFLAKE_STORE_PASSWORD"},
	} {
		for _, call := range leaseCalls(context.Background(), each.name, each.option) {
			err := call()
			checkError(t, err, each.code, each.words)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error(err)
			}
		}
	}
}

func TestAMissingPlugInIsNamed(t *testing.T) {
	t.Setenv("SHMFLAKE_PLUGIN_DIR", t.TempDir())
	for _, call := range leaseCalls(context.Background(), nameOf(t), shmflake.WithStore(unreachable)) {
		checkError(t, call(), shmflake.ErrStorePlugin, "store-etcd.so")
	}
}

// needPlugIn is for tests that speak to a server that is none.
func needPlugIn(t *testing.T) {
	t.Helper()
	_, err := shmflake.Leases(nameOf(t), shmflake.WithStore(unreachable), shmflake.WithWaitTimeoutMS(300))
	if errors.Is(err, shmflake.ErrStorePlugin) {
		t.Skip("no plug-in for etcd beside the library")
	}
}

func TestAStoreThatIsNotReachedIsAnErrorInTime(t *testing.T) {
	needPlugIn(t)
	t.Setenv("SHMFLAKE_STORE_PASSWORD", "geheim")
	for name, call := range leaseCalls(context.Background(), nameOf(t),
		shmflake.WithStore("etcd://u@127.0.0.1:1/ids"), shmflake.WithWaitTimeoutMS(300)) {
		began := time.Now()
		err := call()
		checkError(t, err, shmflake.ErrStoreUnavailable, "127.0.0.1:1")
		if time.Since(began) > time.Minute || strings.Contains(err.Error(), "geheim") {
			t.Error(name, err)
		}
	}
}

func TestALeaseCallEndsWhenItsContextDoes(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for name, call := range leaseCalls(done, nameOf(t), shmflake.WithStore("paper")) {
		if err := call(); strings.HasSuffix(name, "Context") && !errors.Is(err, context.Canceled) {
			t.Error(name, err)
		}
	}

	needPlugIn(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connects, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	store := shmflake.WithStore("etcd://" + silent.Addr().String() + "/ids")
	for name, call := range leaseCalls(ctx, nameOf(t), store, shmflake.WithWaitTimeoutMS(forTooLong)) {
		if !strings.HasSuffix(name, "Context") {
			continue
		}
		if err := call(); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(name, err)
		}
	}
}

func TestALeaseCallWithAContextDoesTheSame(t *testing.T) {
	open(t).Close() // what is retired goes when nobody is attached
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, each := range []context.Context{ctx, context.Background()} {
		if leases := must(shmflake.LeasesContext(each, nameOf(t))); len(leases) != 1 {
			t.Error(leases)
		}
	}
	if err := shmflake.LeaseFreeContext(ctx, nameOf(t), 7); err != nil || only(t, nameOf(t)).Held {
		t.Error(err)
	}
	if err := shmflake.LeaseReleaseContext(ctx, nameOf(t)); err != nil {
		t.Error(err)
	}
	checkError(t, shmflake.LeaseReleaseContext(ctx, nameOf(t)), shmflake.ErrNotFound, nameOf(t))
}
