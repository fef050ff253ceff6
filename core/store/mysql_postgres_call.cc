// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_postgres_call.h"

#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <random>

#include "core/text.h"

namespace shmflake {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kMostMs = 24LL * 3600 * 1000;  // poll() takes an int

std::int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace

CallDeadline::CallDeadline(std::int64_t timeout_ms)
    : total_ms_(timeout_ms),
      end_ns_(NowNs() + std::clamp<std::int64_t>(timeout_ms, 0, kMostMs) * kNsPerMs) {}

int CallDeadline::LeftMs() const {
  const std::int64_t left = (end_ns_ - NowNs() + kNsPerMs - 1) / kNsPerMs;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kMostMs));
}

int CallDeadline::LeftSeconds() const { return std::max(1, (LeftMs() + 999) / 1000); }

CallDeadline CallDeadline::Share(std::size_t parts) const {
  if (parts <= 1) return *this;
  return CallDeadline(LeftMs() / static_cast<std::int64_t>(parts));
}

short PollUntil(int descriptor, short events, const CallDeadline& deadline) {
  for (;;) {
    pollfd one{descriptor, events, 0};
    const int left = deadline.LeftMs();
    const int ready = poll(&one, 1, left);
    if (ready > 0) return one.revents;
    if (ready == 0 || errno != EINTR || left == 0) return 0;
  }
}

void PauseAtRandom(int most_ms, const CallDeadline& deadline) {
  std::random_device device;
  const int pause = std::uniform_int_distribution<int>(0, most_ms)(device);
  (void)poll(nullptr, 0, std::min(pause, deadline.LeftMs()));
}

Outcome Failed(int code, std::string_view what, std::string_view where, std::string_view words) {
  Outcome outcome;
  outcome.code = code;
  outcome.message.append("cannot ").append(what).append(" ").append(where).append(": ");
  outcome.message.append(words);
  return outcome;
}

Outcome Declined() {
  Outcome outcome;
  outcome.code = SHMFLAKE_STORE_DECLINED;
  return outcome;
}

Outcome TimedOut(std::string_view what, std::string_view where, const CallDeadline& deadline) {
  return Failed(SHMFLAKE_STORE_TIMED_OUT, what, where,
                "it did not answer within " + std::to_string(deadline.total_ms()) + " ms");
}

bool IsConnectionEnd(std::string_view words) {
  for (const char* end : {"eof", "EOF", "SYSCALL", "reset by peer", "Broken pipe"}) {
    if (words.find(end) != std::string_view::npos) return true;
  }
  return false;
}

void WriteError(const Outcome& outcome, shmflake_store_error* error) {
  // Server's words come with line ends and indented hints: one line of them is enough.
  std::string text;
  for (const char c : outcome.message) {
    const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!blank) text += c;
    if (blank && !text.empty() && text.back() != ' ') text += ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  text = Printable(text);
  std::size_t size = std::min(text.size(), sizeof(error->message) - 1);
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  std::memset(error->message, 0, sizeof(error->message));
  text.copy(error->message, size);
}

std::vector<std::string> ResolveHost(const std::string& host, const CallDeadline& deadline,
                                     std::string* words) {
  if (host.empty() || host.find_first_of("/\\,;=@?'\" ") != std::string::npos) {
    *words = "not the name or address of a host: " + Quote(host);
    return {};
  }
  std::vector<std::string> addresses = LookUpHost(host, deadline.LeftMs(), words);
  if (addresses.empty()) words->insert(0, "unknown host " + Quote(host) + ": ");
  return addresses;
}

std::string LoginName() {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) != 0 || found == nullptr) {
    return {};
  }
  return found->pw_name;
}

std::string SystemCaFile() {
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (access(path, R_OK) == 0) return path;
  }
  return {};
}

std::string QuotedTable(std::string_view table, char quote) {
  std::string quoted(1, quote);
  for (const char c : table) {
    if (c == '.') {
      (quoted += quote) += '.';
      quoted += quote;
    } else {
      quoted += c;
    }
  }
  return quoted += quote;
}

}  // namespace shmflake
