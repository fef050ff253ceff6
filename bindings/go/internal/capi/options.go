// SPDX-License-Identifier: Apache-2.0

package capi

// #include <stdlib.h>
// #include "capi.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Options is shmflake_options. A string that is nil is not given.
type Options struct {
	ConfigFile, Directory, StateDirectory, IDNamespace, Store, Group, Layout, SegmentStore *string

	Set           uint32
	Mode          uint32
	WorkerID      uint32
	TimestampBits uint32
	WorkerIDBits  uint32
	MachineBits   uint32
	SequenceBits  uint32
	TickUS        uint32
	EpochMS       int64

	Ordering      uint32
	MaxBackwardMS uint32
	MaxForwardMS  uint32
	MaxRecoveryMS uint32
	HorizonMS     uint32
	WaitTimeoutMS uint32
	LeaseTTLMS    int64

	BackgroundThread uint32
	SigbusGuard      uint32
	AttachOnly       uint32

	LogLevel uint32
	Log      LogFunction
}

// Bits of Options.Set, and the two states of a switch.
const (
	SetWorkerID    = C.SHMFLAKE_SET_WORKER_ID
	SetEpoch       = C.SHMFLAKE_SET_EPOCH
	SetMaxBackward = C.SHMFLAKE_SET_MAX_BACKWARD

	On  = C.SHMFLAKE_ON
	Off = C.SHMFLAKE_OFF
)

// A call's name and options, with strings in C's memory until they are freed.
type arguments struct {
	name    *C.char             // NULL: the default region
	options *C.shmflake_options // by itself, since C may only see Go's memory that points to none
	strings []*C.char
}

func (a *arguments) free() {
	for _, text := range a.strings {
		C.free(unsafe.Pointer(text))
	}
}

func (a *arguments) text(what, from string, code C.int, to **C.char) *Failure {
	if failure := refuseNUL(what, from, code); failure != nil {
		return failure
	}
	*to = C.CString(from)
	a.strings = append(a.strings, *to)
	return nil
}

// convert fills a, which is to be freed also when it fails. The log function stays away.
func (a *arguments) convert(name string, from *Options) *Failure {
	to := new(C.shmflake_options)
	a.options = to
	to.struct_size = C.sizeof_shmflake_options
	if name != "" {
		if failure := a.text("name", name, C.SHMFLAKE_E_NAME, &a.name); failure != nil {
			return failure
		}
	}
	for _, each := range []struct {
		name string
		from *string
		to   **C.char
	}{
		{"config_file", from.ConfigFile, &to.config_file},
		{"directory", from.Directory, &to.directory},
		{"state_directory", from.StateDirectory, &to.state_directory},
		{"id_namespace", from.IDNamespace, &to.id_namespace},
		{"store", from.Store, &to.store},
		{"group", from.Group, &to.group},
		{"layout", from.Layout, &to.layout},
		{"segment_store", from.SegmentStore, &to.segment_store},
	} {
		if each.from != nil {
			if failure := a.text(each.name, *each.from, C.SHMFLAKE_E_OPTION, each.to); failure != nil {
				return failure
			}
		}
	}
	to.set = C.uint32_t(from.Set)
	to.mode = C.uint32_t(from.Mode)
	to.worker_id = C.uint32_t(from.WorkerID)
	to.timestamp_bits = C.uint32_t(from.TimestampBits)
	to.worker_id_bits = C.uint32_t(from.WorkerIDBits)
	to.machine_bits = C.uint32_t(from.MachineBits)
	to.sequence_bits = C.uint32_t(from.SequenceBits)
	to.tick_us = C.uint32_t(from.TickUS)
	to.epoch_ms = C.int64_t(from.EpochMS)
	to.ordering = C.uint32_t(from.Ordering)
	to.max_backward_ms = C.uint32_t(from.MaxBackwardMS)
	to.max_forward_ms = C.uint32_t(from.MaxForwardMS)
	to.max_recovery_ms = C.uint32_t(from.MaxRecoveryMS)
	to.horizon_ms = C.uint32_t(from.HorizonMS)
	to.wait_timeout_ms = C.uint32_t(from.WaitTimeoutMS)
	to.lease_ttl_ms = C.int64_t(from.LeaseTTLMS)
	to.background_thread = C.uint32_t(from.BackgroundThread)
	to.sigbus_guard = C.uint32_t(from.SigbusGuard)
	to.attach_only = C.uint32_t(from.AttachOnly)
	to.log_level = C.uint32_t(from.LogLevel)
	return nil
}

// withArguments makes a call that takes a name and options, and may log.
func withArguments(name string, options *Options, call func(a *arguments) *Failure) *Failure {
	var a arguments
	defer a.free()
	if failure := a.convert(name, options); failure != nil {
		return failure
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	log := registerLog(options.Log, a.options)
	defer log.forget()
	return call(&a)
}
