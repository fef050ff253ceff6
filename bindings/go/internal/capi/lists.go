// SPDX-License-Identifier: Apache-2.0

package capi

// #include "capi.h"
import "C"

import "runtime"

// A Process is shmflake_process.
type Process struct {
	PID            uint32
	Alive          bool
	AttachedUnixMS int64
	IDsIssued      uint64
	Waits          uint64
	Refusals       uint64
	Command        string
}

// Processes is shmflake_processes, all of them.
func (h Handle) Processes() ([]Process, *Failure) {
	entries, failure := list(16, func(out *C.shmflake_process, capacity C.size_t, count *C.size_t) C.int {
		return C.capi_processes(h.c, out, capacity, count)
	})
	if failure != nil {
		return nil, failure
	}
	out := make([]Process, 0, len(entries))
	for i := range entries {
		entry := &entries[i]
		out = append(out, Process{
			PID:            uint32(entry.pid),
			Alive:          entry.alive != 0,
			AttachedUnixMS: int64(entry.attached_unix_ms),
			IDsIssued:      uint64(entry.ids_issued),
			Waits:          uint64(entry.waits),
			Refusals:       uint64(entry.refusals),
			Command:        C.GoString(&entry.command[0]),
		})
	}
	return out, nil
}

// A Setting is shmflake_setting.
type Setting struct{ Key, Value, Source string }

// Settings is shmflake_settings, all of them. The name "" is NULL.
func Settings(name string, options *Options) ([]Setting, *Failure) {
	var a arguments
	defer a.free()
	if failure := a.convert(name, options); failure != nil {
		return nil, failure
	}
	entries, failure := list(32, func(out *C.shmflake_setting, capacity C.size_t, count *C.size_t) C.int {
		return C.shmflake_settings(a.name, a.options, out, capacity, count)
	})
	if failure != nil {
		return nil, failure
	}
	out := make([]Setting, 0, len(entries))
	for i := range entries {
		entry := &entries[i]
		out = append(out, Setting{C.GoString(&entry.key[0]), C.GoString(&entry.value[0]), C.GoString(&entry.source[0])})
	}
	return out, nil
}

// list calls for a list with more room until there is enough.
func list[T any](capacity int, call func(out *T, capacity C.size_t, count *C.size_t) C.int) ([]T, *Failure) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		entries := make([]T, capacity)
		var count C.size_t
		if failure := failureOf(call(&entries[0], C.size_t(capacity), &count)); failure != nil {
			return nil, failure
		}
		if int(count) <= capacity {
			return entries[:count], nil
		}
		capacity = int(count)
	}
}
