// SPDX-License-Identifier: Apache-2.0
// Takes segments from a store, for the tests with real servers.
//
//   store_driver URL init [--timeout-ms N]
//   store_driver URL take TAG [--create STEP] [--times N] [--add N] [--timeout-ms N]
//                             [--signal N] [--descriptors]
//
// Prints "FIRST LAST" for each segment; an error as "CODE message", with exit status 1. --add is what
// to add to max_id, the row's step unless given. --create makes a row that is missing. --signal is
// raised in the middle of a transaction, with the row locked. --descriptors prints at the end how
// many descriptors were opened and not closed since the first segment.
#include <dirent.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "core/status.h"
#include "core/store/segment_store.h"
#include "core/store/store_url.h"

namespace shmflake {
namespace {

constexpr std::int64_t kDefaultTimeoutMs = 10'000;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Request {
  std::string tag;
  std::int64_t create = 0;
  std::int64_t times = 1;
  std::int64_t add = 0;
  std::int64_t timeout_ms = kDefaultTimeoutMs;
  std::int64_t signal = 0;
  bool descriptors = false;
};

int Usage() {
  std::fputs(
      "usage: store_driver URL init|take TAG [--create STEP] [--times N] [--add N]"
      " [--timeout-ms N] [--signal N] [--descriptors]\n",
      stderr);
  return kUsage;
}

int Report(const Status& status) {
  std::printf("%s %s\n", CodeName(status.code()), status.message().c_str());
  return kFailed;
}

int OpenDescriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  int count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

Status Plan(const Request& request, const SegmentRow* found, SegmentRow* write,
            std::int64_t* first) {
  if (found == nullptr && request.create == 0) {
    return Fail(Code::TAG_UNKNOWN, "there is no row for \"%s\"", request.tag.c_str());
  }
  if (request.signal != 0) std::raise(static_cast<int>(request.signal));
  write->step = found == nullptr ? request.create : found->step;
  const std::int64_t from = found == nullptr ? 0 : found->max_id;
  const std::int64_t add = request.add != 0 ? request.add : write->step;
  if (from > std::numeric_limits<std::int64_t>::max() - add) {
    return Fail(Code::SEGMENT_RANGE, "max_id is %lld", static_cast<long long>(from));
  }
  *first = from + 1;
  write->max_id = from + add;
  return Status::Ok();
}

int Take(SegmentStore* store, const Request& request) {
  int descriptors = -1;
  for (std::int64_t i = 0; i < request.times; ++i) {
    std::int64_t first = 0;
    std::int64_t last = 0;
    const Status status = store->Take(request.tag, request.timeout_ms,
                                      [&](const SegmentRow* found, SegmentRow* write) {
                                        const Status planned = Plan(request, found, write, &first);
                                        last = write->max_id;
                                        return planned;
                                      });
    if (!status.ok()) return Report(status);
    std::printf("%lld %lld\n", static_cast<long long>(first), static_cast<long long>(last));
    std::fflush(stdout);  // it may be killed in the next one
    if (descriptors < 0) descriptors = OpenDescriptors();
  }
  if (request.descriptors)
    std::printf("%d descriptors left open\n", OpenDescriptors() - descriptors);
  return 0;
}

bool ParseOptions(int count, char** arguments, Request* request) {
  for (int i = 0; i < count; ++i) {
    const std::string option = arguments[i];
    std::int64_t* value = option == "--create"       ? &request->create
                          : option == "--times"      ? &request->times
                          : option == "--add"        ? &request->add
                          : option == "--timeout-ms" ? &request->timeout_ms
                          : option == "--signal"     ? &request->signal
                                                     : nullptr;
    if (option == "--descriptors") {
      request->descriptors = true;
      continue;
    }
    if (value == nullptr || ++i == count) return false;
    char* end = nullptr;
    *value = std::strtoll(arguments[i], &end, 10);
    if (end == arguments[i] || *end != '\0') return false;
  }
  return true;
}

int Main(int count, char** arguments) {
  if (count < 3) return Usage();
  Request request;
  const bool is_init = std::strcmp(arguments[2], "init") == 0;
  const int options = is_init ? 3 : 4;
  if (!is_init && (std::strcmp(arguments[2], "take") != 0 || count < 4)) return Usage();
  if (!is_init) request.tag = arguments[3];
  if (!ParseOptions(count - options, arguments + options, &request)) return Usage();

  StoreUrl url;
  if (const Status parsed = ParseStoreUrl(arguments[1], &url); !parsed.ok()) return Report(parsed);
  const char* state = std::getenv("SHMFLAKE_STATE_DIR");
  std::unique_ptr<SegmentStore> store;
  const Status opened = OpenSegmentStore(url, state == nullptr ? "/tmp" : state, 0600, &store);
  if (!opened.ok()) return Report(opened);
  if (!is_init) return Take(store.get(), request);
  const Status status = store->Init(request.timeout_ms);
  return status.ok() ? 0 : Report(status);
}

}  // namespace
}  // namespace shmflake

int main(int count, char** arguments) { return shmflake::Main(count, arguments); }
