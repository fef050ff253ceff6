// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

// setting is what the library makes of it.
func setting(t *testing.T, key string, options ...shmflake.Option) shmflake.Setting {
	t.Helper()
	settings, err := shmflake.Settings("", options...)
	if err != nil {
		t.Fatal(key, err)
	}
	for _, each := range settings {
		if each.Key == key {
			return each
		}
	}
	t.Fatal("there is no setting", key)
	return shmflake.Setting{}
}

func TestEveryOptionReachesTheLibrary(t *testing.T) {
	place := t.TempDir()
	file := filepath.Join(place, "some.toml")
	if err := os.WriteFile(file, []byte("horizon_ms = 7777\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		key, value string
		options    []shmflake.Option
	}{
		{"config_file", file, []shmflake.Option{shmflake.WithConfigFile(file)}},
		{"directory", place, []shmflake.Option{shmflake.WithDirectory(place)}},
		{"state_directory", place, []shmflake.Option{shmflake.WithStateDirectory(place)}},
		{"id_namespace", "orders", []shmflake.Option{shmflake.WithIDNamespace("orders")}},
		{"store", "none", []shmflake.Option{shmflake.WithStore("none")}},
		{"group", "0", []shmflake.Option{shmflake.WithGroup("0")}},
		{"mode", "0640", []shmflake.Option{shmflake.WithMode(0o640), shmflake.WithGroup("0")}},
		{"worker_id", "42", []shmflake.Option{shmflake.WithWorkerID(42)}},
		{"worker_id", "0", []shmflake.Option{shmflake.WithWorkerID(0)}},
		{"layout", "twitter", []shmflake.Option{shmflake.WithLayout("twitter")}},
		{"segment_store", "sqlite:/some/file.db", []shmflake.Option{shmflake.WithSegmentStore("sqlite:/some/file.db")}},
		{"timestamp_bits", "40", []shmflake.Option{shmflake.WithTimestampBits(40), shmflake.WithWorkerIDBits(11)}},
		{"worker_id_bits", "9", []shmflake.Option{shmflake.WithWorkerIDBits(9)}},
		{"machine_bits", "5", []shmflake.Option{shmflake.WithMachineBits(5)}},
		{"sequence_bits", "13", []shmflake.Option{shmflake.WithSequenceBits(13)}},
		{"tick_us", "2000", []shmflake.Option{shmflake.WithTickUS(2000)}},
		{"epoch_ms", "1600000000000", []shmflake.Option{shmflake.WithEpochMS(1_600_000_000_000)}},
		{"epoch_ms", "0", []shmflake.Option{shmflake.WithEpochMS(0)}},
		{"ordering", "relaxed", []shmflake.Option{shmflake.WithOrdering(shmflake.OrderingRelaxed)}},
		{"max_backward_ms", "77", []shmflake.Option{shmflake.WithMaxBackwardMS(77)}},
		{"max_backward_ms", "0", []shmflake.Option{shmflake.WithMaxBackwardMS(0)}},
		{"max_forward_ms", "78", []shmflake.Option{shmflake.WithMaxForwardMS(78)}},
		{"max_recovery_ms", "79", []shmflake.Option{shmflake.WithMaxRecoveryMS(79)}},
		{"horizon_ms", "8000", []shmflake.Option{shmflake.WithHorizonMS(8000)}},
		{"wait_timeout_ms", "81", []shmflake.Option{shmflake.WithWaitTimeoutMS(81)}},
		{"store", "etcd://h:2379/ids", []shmflake.Option{shmflake.WithStore("etcd://h:2379/ids")}},
		{"lease_ttl_ms", "90000", []shmflake.Option{shmflake.WithLeaseTTLMS(90_000)}},
		{"background_thread", "true", []shmflake.Option{shmflake.WithBackgroundThread(true)}},
		{"background_thread", "false", []shmflake.Option{shmflake.WithBackgroundThread(false)}},
		{"sigbus_guard", "false", []shmflake.Option{shmflake.WithSigbusGuard(false)}},
		{"sigbus_guard", "true", []shmflake.Option{shmflake.WithSigbusGuard(true)}},
	} {
		got := setting(t, each.key, each.options...)
		if got.Value != each.value || got.Source != "option" {
			t.Errorf("%s is %q of %q, not %q", each.key, got.Value, got.Source, each.value)
		}
	}
	if got := setting(t, "horizon_ms", shmflake.WithConfigFile(file)); got.Value != "7777" || got.Source != file+":1" {
		t.Error(got)
	}
}

func TestALaterOptionReplacesAnEarlierOne(t *testing.T) {
	if got := setting(t, "worker_id", shmflake.WithWorkerID(1), shmflake.WithWorkerID(2)); got.Value != "2" {
		t.Error(got)
	}
}

func TestTheEnvironmentOfGoIsTheLibrarys(t *testing.T) {
	t.Setenv("SHMFLAKE_WAIT_TIMEOUT_MS", "4321")
	if got := setting(t, "wait_timeout_ms"); got.Value != "4321" || got.Source != "environment SHMFLAKE_WAIT_TIMEOUT_MS" {
		t.Error(got)
	}
	t.Setenv("SHMFLAKE_WAIT_TIMEOUT_MS", "soon")
	_, err := shmflake.Open("")
	checkError(t, err, shmflake.ErrEnvironment, "SHMFLAKE_WAIT_TIMEOUT_MS", "soon")
}

func TestOptionsOutOfTheirRangeAreRefused(t *testing.T) {
	for _, each := range []struct {
		option shmflake.Option
		code   shmflake.Code
		words  string
	}{
		{shmflake.WithConfigFile("/no/such/file"), shmflake.ErrConfigNotFound, "/no/such/file"},
		{shmflake.WithDirectory("relative"), shmflake.ErrOption, "relative"},
		{shmflake.WithDirectory(""), shmflake.ErrOption, "directory"},
		{shmflake.WithStateDirectory(""), shmflake.ErrOption, "state_directory"},
		{shmflake.WithIDNamespace("a/b"), shmflake.ErrName, "a/b"},
		{shmflake.WithStore("papyrus"), shmflake.ErrStoreUnknown, "papyrus"},
		{shmflake.WithGroup("no such group"), shmflake.ErrOption, "no such group"},
		{shmflake.WithMode(0o777), shmflake.ErrOption, "0777"},
		{shmflake.WithWorkerID(256), shmflake.ErrWorkerID, "256"},
		{shmflake.WithLayout("myspace"), shmflake.ErrLayout, "myspace"},
		{shmflake.WithSegmentStore("papyrus:"), shmflake.ErrStoreURL, "papyrus"},
		{shmflake.WithTimestampBits(12), shmflake.ErrLayout, "12"},
		{shmflake.WithWorkerIDBits(23), shmflake.ErrLayout, "23"},
		{shmflake.WithMachineBits(9), shmflake.ErrLayout, "9"},
		{shmflake.WithSequenceBits(32), shmflake.ErrLayout, "32"},
		{shmflake.WithTickUS(99), shmflake.ErrLayout, "99"},
		{shmflake.WithEpochMS(-1 << 62), shmflake.ErrLayout, "epoch_ms"},
		{shmflake.WithOrdering(3), shmflake.ErrOption, "3"},
		{shmflake.WithMaxBackwardMS(60_001), shmflake.ErrOption, "60001"},
		{shmflake.WithMaxForwardMS(1 << 31), shmflake.ErrOption, "max_forward_ms"},
		{shmflake.WithMaxRecoveryMS(1 << 31), shmflake.ErrOption, "max_recovery_ms"},
		{shmflake.WithHorizonMS(99), shmflake.ErrOption, "99"},
		{shmflake.WithWaitTimeoutMS(3_600_001), shmflake.ErrOption, "3600001"},
		{shmflake.WithLeaseTTLMS(999), shmflake.ErrOption, "lease_ttl_ms"},
		{shmflake.WithLeaseTTLMS(-1), shmflake.ErrOption, "lease_ttl_ms"},
		{shmflake.WithStore("mysql://db"), shmflake.ErrStoreURL, "database"},
		{shmflake.WithLogLevel(5), shmflake.ErrOption, "log_level"},
		{shmflake.WithLogLevel(-1), shmflake.ErrOption, "log_level"},
	} {
		_, err := shmflake.Open(nameOf(t), each.option)
		checkError(t, err, each.code, each.words)
		_, err = shmflake.Settings(nameOf(t), each.option)
		checkError(t, err, each.code, each.words)
	}
}

func TestARegionWithOtherSettingsIsRefused(t *testing.T) {
	open(t)
	_, err := shmflake.Open(nameOf(t), shmflake.WithSequenceBits(14))
	checkError(t, err, shmflake.ErrSettingsDiffer, "sequence_bits", "12", "14")
}

func TestAttachOnlyCreatesNothing(t *testing.T) {
	_, err := shmflake.Open(nameOf(t), shmflake.WithAttachOnly(true))
	checkError(t, err, shmflake.ErrNotFound)
	open(t)
	open(t, shmflake.WithAttachOnly(true))
	open(t, shmflake.WithAttachOnly(true), shmflake.WithAttachOnly(false))
}

func TestSettingsSayWhereEachCameFrom(t *testing.T) {
	for key, source := range map[string]string{
		"directory": "environment SHMFLAKE_DIR", "worker_id": "environment SNOWFLAKE_WORKER_ID", "tick_us": "default",
	} {
		if got := setting(t, key); !strings.HasPrefix(got.Source, source) {
			t.Error(got)
		}
	}
}
