/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws IDs of a region whose settings are in the environment, for the tests of fleets.
 *
 *   fleet_draw FILE [OPTION N]...
 *
 * Draws until standard input says anything or ends (so that it does not outlive the test). Each ID is
 * in FILE before the next one is drawn, as three 64-bit words: when its call began and ended, in ns of
 * CLOCK_MONOTONIC, and the ID, which is written last and never 0. The file is mapped, so that nothing
 * is lost when the process is killed.
 * A call that failed, or took longer than 20 ms, is a line "BEGAN_MS TOOK_MS CODE MESSAGE" on standard
 * output. A region that cannot be opened is such a line, and is opened again, unless --patient is 0:
 * then exit status 1.
 *
 *   --pause-us N     between bursts of draws; --burst N: so many of them without a pause
 *   --patient N      0: give up when the region cannot be opened
 *   --asked 1        acts only when told to, by lines on standard input: "draw" answers with a line
 *                    "= ID CODE", "observe ID" with "= 0 CODE"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <shmflake/shmflake.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stores/draw_support.h"

enum { kCapacity = 1 << 19, kAgainUs = 100000 };

typedef struct Drawn {
  int64_t began_ns;
  int64_t ended_ns;
  volatile uint64_t id;
} Drawn;

enum { kPauseUs, kBurst, kPatient, kAsked, kRequests };

static Request requests[kRequests] = {
    {"--pause-us", 0}, {"--burst", 1}, {"--patient", 1}, {"--asked", 0}};

static Drawn* drawn;
static uint64_t drawn_count;

static void ReportIfOfNote(int64_t began_ns, int code) {
  const int64_t took_ms = (NowNs() - began_ns) / 1000000;
  if (code == SHMFLAKE_OK && took_ms <= kSlowMs) return;
  printf("%" PRId64 " %" PRId64 " %s %s\n", began_ns / 1000000, took_ms, shmflake_error_name(code),
         code == SHMFLAKE_OK ? "" : shmflake_last_error());
  fflush(stdout);
}

static int DrawOne(shmflake* flake, uint64_t* id) {
  const int64_t began_ns = NowNs();
  const int code = shmflake_next(flake, id);
  if (code == SHMFLAKE_OK) {
    drawn[drawn_count].began_ns = began_ns;
    drawn[drawn_count].ended_ns = NowNs();
    drawn[drawn_count++].id = *id;
  }
  ReportIfOfNote(began_ns, code);
  return code;
}

static void DrawUntilTold(shmflake* flake) {
  uint64_t calls = 0;
  while (drawn_count < kCapacity) {
    uint64_t id = 0;
    const int code = DrawOne(flake, &id);
    if (code != SHMFLAKE_OK && IsToldToStop(1000)) return;
    if (++calls % requests[kBurst].value == 0 && IsToldToStop(requests[kPauseUs].value)) return;
  }
}

static void DoAsTold(shmflake* flake) {
  char line[64];
  while (drawn_count < kCapacity && fgets(line, sizeof(line), stdin) != NULL) {
    uint64_t id = 0;
    int code;
    if (strncmp(line, "observe ", 8) == 0) {
      code = shmflake_observe(flake, strtoull(line + 8, NULL, 10));
    } else {
      code = DrawOne(flake, &id);
    }
    printf("= %" PRIu64 " %s\n", id, shmflake_error_name(code));
    fflush(stdout);
  }
}

int main(int argc, char** argv) {
  shmflake* flake = NULL;
  int code;
  if (argc < 2 || !ReadRequests(argv + 2, requests, kRequests) || requests[kBurst].value == 0) {
    fprintf(stderr, "usage: fleet_draw FILE [OPTION N]...\n");
    return kUsage;
  }
  drawn = MapNewFile(argv[1], (kCapacity + 1) * sizeof(Drawn)); /* with zeros at the end */
  if (drawn == NULL) {
    fprintf(stderr, "fleet_draw: %s: %s\n", argv[1], strerror(errno));
    return kUsage;
  }
  do {
    const int64_t began_ns = NowNs();
    code = shmflake_open(NULL, NULL, &flake);
    ReportIfOfNote(began_ns, code);
  } while (code != SHMFLAKE_OK && requests[kPatient].value != 0 && !IsToldToStop(kAgainUs));
  if (code == SHMFLAKE_OK) {
    if (requests[kAsked].value != 0) {
      DoAsTold(flake);
    } else {
      DrawUntilTold(flake);
    }
  }
  shmflake_close(flake);
  return code == SHMFLAKE_OK ? 0 : kFailed;
}
