/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws IDs of a tag, for the tests with real servers.
 *
 *   segment_draw URL TAG FILE [OPTION N]...
 *
 * Until standard input says anything or ends (so that it does not outlive the test), or --for-ms or
 * --count is over. Each ID is in FILE, 8 bytes as they lie in memory, before the next one is drawn:
 * the file is mapped, so that nothing is lost when the process is killed; it ends at the first zero.
 * A call that failed, or took longer than 20 ms, is a line "MS CODE MESSAGE" on standard output.
 * A tag that cannot be opened is such a line, and exit status 1.
 *
 *   --step, --min-step, --max-step, --prefetch, --create    as in shmflake_segment_options
 *   --wait-ms N    what a call may wait at most
 *   --thread 1     with a background thread
 *   --pause-us N   between draws; --burst N: so many of them without a pause
 */
#define _GNU_SOURCE
#include <errno.h>
#include <shmflake/shmflake.h>
#include <stdio.h>
#include <string.h>

#include "tests/stores/draw_support.h"

enum { kCapacity = 1 << 22 };

static const uint64_t kLooksAtInput = 256; /* without a pause, once in so many draws */

enum {
  kStep,
  kMinStep,
  kMaxStep,
  kPrefetch,
  kCreate,
  kWaitMs,
  kThread,
  kPauseUs,
  kBurst,
  kForMs,
  kCount,
  kRequests
};

static Request requests[kRequests] = {{"--step", 0},     {"--min-step", 0}, {"--max-step", 0},
                                      {"--prefetch", 0}, {"--create", 0},   {"--wait-ms", 0},
                                      {"--thread", 0},   {"--pause-us", 0}, {"--burst", 1},
                                      {"--for-ms", 0},   {"--count", 0}};

static int64_t NowUs(void) { return NowNs() / 1000; }

static void Report(int64_t us, int code) {
  printf("%lld %s %s\n", (long long)(us / 1000), shmflake_error_name(code),
         code == SHMFLAKE_OK ? "" : shmflake_last_error());
  fflush(stdout);
}

static int Open(const char* url, const char* tag, shmflake** flake, shmflake_segment** segment) {
  shmflake_options options = SHMFLAKE_OPTIONS_INIT;
  shmflake_segment_options wanted = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  int code;
  options.wait_timeout_ms = (uint32_t)requests[kWaitMs].value;
  if (requests[kThread].value != 0) options.background_thread = SHMFLAKE_ON;
  wanted.store = url;
  wanted.step = requests[kStep].value;
  wanted.min_step = requests[kMinStep].value;
  wanted.max_step = requests[kMaxStep].value;
  wanted.prefetch_percent = (uint32_t)requests[kPrefetch].value;
  if (requests[kCreate].value != 0) wanted.create = SHMFLAKE_ON;
  code = shmflake_open(NULL, &options, flake);
  return code != SHMFLAKE_OK ? code : shmflake_segment_open(*flake, tag, &wanted, segment);
}

static void Draw(shmflake_segment* segment, uint64_t* ids) {
  const int64_t end_us = NowUs() + (int64_t)requests[kForMs].value * 1000;
  const uint64_t most = requests[kCount].value != 0 ? requests[kCount].value : kCapacity;
  const uint64_t pause_us = requests[kPauseUs].value;
  const uint64_t burst = pause_us != 0 ? requests[kBurst].value : kLooksAtInput;
  uint64_t calls = 0;
  uint64_t drawn = 0;
  while (drawn < most && drawn < kCapacity) {
    uint64_t id = 0;
    const int64_t began_us = NowUs();
    const int code = shmflake_segment_next(segment, &id);
    const int64_t took_us = NowUs() - began_us;
    if (code == SHMFLAKE_OK) ids[drawn++] = id;
    if (code != SHMFLAKE_OK || took_us > kSlowMs * 1000) Report(took_us, code);
    if (requests[kForMs].value != 0 && NowUs() > end_us) return;
    /* A store's lasting answer comes at once: not asked for it again and again. */
    if (code != SHMFLAKE_OK && IsToldToStop(pause_us + 1000)) return;
    if (++calls % burst == 0 && IsToldToStop(pause_us)) return;
  }
}

int main(int argc, char** argv) {
  shmflake* flake = NULL;
  shmflake_segment* segment = NULL;
  uint64_t* ids;
  int64_t began_us;
  int code;
  if (argc < 4 || !ReadRequests(argv + 4, requests, kRequests) || requests[kBurst].value == 0) {
    fprintf(stderr, "usage: segment_draw URL TAG FILE [OPTION N]...\n");
    return kUsage;
  }
  ids = MapNewFile(argv[3], (kCapacity + 1) * sizeof(uint64_t)); /* with the zero at the end */
  if (ids == NULL) {
    fprintf(stderr, "segment_draw: %s: %s\n", argv[3], strerror(errno));
    return kUsage;
  }
  began_us = NowUs();
  code = Open(argv[1], argv[2], &flake, &segment);
  if (code == SHMFLAKE_OK) {
    Draw(segment, ids);
  } else {
    Report(NowUs() - began_us, code);
  }
  shmflake_segment_close(segment);
  shmflake_close(flake);
  return code == SHMFLAKE_OK ? 0 : kFailed;
}
