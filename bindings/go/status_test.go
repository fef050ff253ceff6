// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func TestStatusTellsWhatTheRegionIs(t *testing.T) {
	flake := open(t, shmflake.WithIDNamespace("shop"), shmflake.WithHorizonMS(9000), shmflake.WithMaxBackwardMS(20))
	for i := 0; i < 100; i++ {
		must(flake.Next())
	}
	last := must(flake.Next())
	status := must(flake.Status())
	now := time.Now().UnixMilli()
	for what, ok := range map[string]bool{
		"Name":                     status.Name == nameOf(t),
		"IDNamespace":              status.IDNamespace == "shop",
		"Path":                     filepath.Dir(status.Path) == os.Getenv("SHMFLAKE_DIR"),
		"InstanceID":               status.InstanceID != 0,
		"CreatedUnixMS":            status.CreatedUnixMS <= now && status.CreatedUnixMS > now-60_000,
		"EpochMS":                  status.EpochMS == 1_609_459_200_000,
		"LayoutVersion":            status.LayoutVersion >= 1,
		"TickUS":                   status.TickUS == 1000,
		"bits":                     status.TimestampBits == 43 && status.SequenceBits == 12,
		"worker bits":              status.DatacenterBits == 2 && status.MachineBits == 6,
		"WorkerID":                 status.WorkerID == 7,
		"WorkerIDSource":           status.WorkerIDSource == shmflake.SourceEnvironment,
		"WorkerIDSourceName":       status.WorkerIDSourceName == "environment",
		"WorkerIDGuaranteedUnique": status.WorkerIDGuaranteedUnique,
		"SurvivesRegionLoss":       status.SurvivesRegionLoss,
		"Store":                    status.Store == shmflake.StoreSqlite,
		"Ordering":                 status.Ordering == shmflake.OrderingStrict,
		"MaxBackwardMS":            status.MaxBackwardMS == 20,
		"HorizonMS":                status.HorizonMS == 9000,
		"RegionSize":               status.RegionSize >= 4096,
		"BirthUnixMS":              status.BirthUnixMS > now-60_000,
		"Retired, Lost":            !status.Retired && !status.Lost,
		"LastID":                   status.LastID == last,
		"LastUnixMS":               status.LastUnixMS == last.Time().UnixMilli(),
		"AheadMS":                  status.AheadMS <= 20,
		"Ceiling":                  status.CeilingUnixMS > now && status.CeilingInMS > 0,
		"YearsLeft":                status.YearsLeft > 200 && status.YearsLeft < 300,
		"ClockSynchronised":        status.ClockSynchronised <= 2,
		"IDsIssued":                status.IDsIssued == 101,
		"no trouble":               status.LeaseFailures == 0 && status.LastStoreError == "",
		"Slots":                    status.Slots >= 1 && status.SlotsUsed == 1,
		"LeaseTTLMS, StoreURL":     status.LeaseTTLMS == 0 && status.StoreURL == "",
		"Host":                     status.Host == must(os.Hostname()),
		"Layout":                   status.Layout == "default" && !status.WorkerLast && status.IDBits == 63,
	} {
		if !ok {
			t.Errorf("%s: %+v", what, status)
		}
	}
}

func TestStatusTellsOfOtherKinds(t *testing.T) {
	flake := open(t, shmflake.WithStore("none"), shmflake.WithOrdering(shmflake.OrderingRelaxed),
		shmflake.WithLayout("tsid"), shmflake.WithWorkerID(3))
	status := must(flake.Status())
	if status.Store != shmflake.StoreNone || status.SurvivesRegionLoss || status.Layout != "tsid" ||
		status.Ordering != shmflake.OrderingRelaxed || status.WorkerIDSource != shmflake.SourceOption {
		t.Errorf("%+v", status)
	}
}

func TestProcessesAreThoseWithAHandle(t *testing.T) {
	flakes := make([]*shmflake.Flake, 40) // more than there is room for at first
	for i := range flakes {
		flakes[i] = open(t)
	}
	must(flakes[3].Next())
	processes := must(flakes[0].Processes())
	if len(processes) != len(flakes) {
		t.Fatal(len(processes))
	}
	var issued uint64
	for _, each := range processes {
		issued += each.IDsIssued
		if int(each.PID) != os.Getpid() || !each.Alive || each.Command == "" || each.AttachedUnixMS == 0 {
			t.Errorf("%+v", each)
		}
	}
	if issued != 1 {
		t.Error(issued)
	}
}

func TestARetiredRegionIsFollowed(t *testing.T) {
	flake := open(t)
	before := must(flake.Next())
	if err := shmflake.Retire(nameOf(t)); err != nil {
		t.Fatal(err)
	}
	if !must(flake.Status()).Retired {
		t.Error("it is not retired")
	}
	_, err := flake.TryNext()
	checkError(t, err, shmflake.ErrRetired)
	if after := must(flake.Next()); after <= before {
		t.Errorf("%d follows %d", after, before)
	}
	checkError(t, shmflake.Retire("nobody"), shmflake.ErrNotFound)
}

func TestVersionIsThreeNumbers(t *testing.T) {
	if version := shmflake.Version(); len(version) < 5 {
		t.Error(version)
	}
}
