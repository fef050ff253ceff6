// SPDX-License-Identifier: Apache-2.0

package main

/*
#cgo pkg-config: shmflake
#include <shmflake/shmflake.h>
#include <stdlib.h>

static void empty(void) {}

static shmflake* open_bench(uint32_t worker_id_bits, uint32_t machine_bits, uint32_t sequence_bits) {
  shmflake_options options = SHMFLAKE_OPTIONS_INIT;
  shmflake* flake = NULL;
  options.worker_id_bits = worker_id_bits;
  options.machine_bits = machine_bits;
  options.sequence_bits = sequence_bits;
  return shmflake_open("bench", &options, &flake) == SHMFLAKE_OK ? flake : NULL;
}

static int draw(shmflake* flake, int n) {
  uint64_t id;
  for (int i = 0; i < n; ++i) {
    if (shmflake_next(flake, &id) != SHMFLAKE_OK) return 0;
  }
  return 1;
}

static shmflake_segment* open_segment(shmflake* flake, const char* tag) {
  shmflake_segment* segment = NULL;
  return shmflake_segment_open(flake, tag, NULL, &segment) == SHMFLAKE_OK ? segment : NULL;
}

static int draw_segment(shmflake_segment* segment, int n) {
  uint64_t id;
  for (int i = 0; i < n; ++i) {
    if (shmflake_segment_next(segment, &id) != SHMFLAKE_OK) return 0;
  }
  return 1;
}

static int draw_many(shmflake* flake, int n, uint64_t* ids, size_t count) {
  for (int i = 0; i < n; ++i) {
    if (shmflake_next_n(flake, ids, count, NULL) != SHMFLAKE_OK) return 0;
  }
  return 1;
}
*/
import "C"

import (
	"log"
	"unsafe"
)

// inC is a handle on the same region and the same tag, drawn from without Go.
type inC struct {
	flake   *C.shmflake
	segment *C.shmflake_segment
}

func openInC() inC {
	flake := C.open_bench(workerIDBits, machineBits, sequenceBits)
	if flake == nil {
		log.Fatal(C.GoString(C.shmflake_last_error()))
	}
	name := C.CString(tag)
	defer C.free(unsafe.Pointer(name))
	segment := C.open_segment(flake, name)
	if segment == nil {
		log.Fatal(C.GoString(C.shmflake_last_error()))
	}
	return inC{flake, segment}
}

func (c inC) close() {
	C.shmflake_segment_close(c.segment)
	C.shmflake_close(c.flake)
}

// empty is a call into C that does nothing.
func empty(n int) {
	for i := 0; i < n; i++ {
		C.empty()
	}
}

func (c inC) draw(n int) {
	if C.draw(c.flake, C.int(n)) == 0 {
		log.Fatal("C cannot draw")
	}
}

func (c inC) drawSegment(n int) {
	if C.draw_segment(c.segment, C.int(n)) == 0 {
		log.Fatal("C cannot draw")
	}
}

func (c inC) drawMany(n int, ids []uint64) {
	if C.draw_many(c.flake, C.int(n), (*C.uint64_t)(unsafe.Pointer(&ids[0])), C.size_t(len(ids))) == 0 {
		log.Fatal("C cannot draw")
	}
}
