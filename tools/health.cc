// SPDX-License-Identifier: Apache-2.0
// shmflake health: can IDs be drawn? For container probes and monitoring.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "text.h"

namespace tool {
namespace {

// What a region that was lost may be ahead of the clock at birth, on top of max_backward_ms.
constexpr std::int64_t kBirthAllowanceMs = 1000;

struct Health {
  Failure failure;  // code 0: healthy
  std::vector<std::string> warnings;
};

void Warn(const shmflake_status_info& info, Health* health) {
  if (info.clock_synchronised == 0) {
    health->warnings.emplace_back("the kernel says that the clock is not synchronised");
  }
  if (info.worker_id_guaranteed_unique == 0) {
    health->warnings.push_back("the worker ID " + std::to_string(info.worker_id) +
                               " is not guaranteed unique (" + info.worker_id_source_name +
                               "): set worker_id");
  }
  if (info.survives_region_loss == 0) {
    health->warnings.emplace_back(
        "store is none: after a loss of the region, IDs are unique only by the clock");
  }
  if (info.years_left < 1) {
    health->warnings.push_back("the time range ends in " + Fixed(info.years_left, 2) + " years");
  }
}

Failure Judge(shmflake* flake, const shmflake_status_info& info) {
  if (info.lost != 0) {
    return {SHMFLAKE_E_REGION_LOST, std::string("the region's file was removed, truncated or "
                                                "overwritten: ") +
                                        info.path};
  }
  if (info.retired != 0) {
    return {SHMFLAKE_E_RETIRED, std::string("the region is retired: ") + info.name};
  }
  if (info.years_left <= 0) {
    return {SHMFLAKE_E_TIME_RANGE, shmflake_strerror(SHMFLAKE_E_TIME_RANGE)};
  }
  // The last instant that draws may reach, to one tick. A region that was born ahead of the clock
  // has an allowance.
  const std::int64_t tick_ms = info.tick_us / 1000 + 1;
  const bool was_born_ahead = info.birth_unix_ms > info.created_unix_ms;
  const std::int64_t allowed_ms = info.birth_unix_ms + kBirthAllowanceMs + tick_ms;
  if (info.ahead_ms > info.max_backward_ms + tick_ms &&
      (!was_born_ahead || info.last_unix_ms > allowed_ms)) {
    return {SHMFLAKE_E_CLOCK_BEHIND, "the clock is " + std::to_string(info.ahead_ms) +
                                         " ms behind the last ID; max_backward_ms is " +
                                         std::to_string(info.max_backward_ms)};
  }
  if (info.ceiling_in_ms > 0) return {};
  // An idle region passes its ceiling. Whether the lease can be extended, only a draw can tell.
  std::uint64_t id = 0;
  const int code = shmflake_next(flake, &id);
  return code == SHMFLAKE_OK ? Failure{} : LibraryFailure(code);
}

int CheckHealth(Session* session) {
  Health health;
  Flake flake;
  shmflake_status_info info{};
  info.struct_size = sizeof info;
  int code = session->region.Open(true, &flake);
  if (code == SHMFLAKE_OK) code = shmflake_status(flake.get(), &info);
  if (code != SHMFLAKE_OK) {
    health.failure = LibraryFailure(code);
  } else {
    Warn(info, &health);
    health.failure = Judge(flake.get(), info);
  }

  const bool healthy = health.failure.code == SHMFLAKE_OK;
  if (session->json) {
    Json document{{"healthy", healthy},
                  {"name", session->region.display_name()},
                  {"warnings", health.warnings}};
    if (!healthy) document["error"] = health.failure.ToJson();
    session->out.WriteJson(document);
    return healthy ? kOk : kFailed;
  }
  for (const std::string& warning : health.warnings) PrintError("warning: " + warning);
  if (!healthy) {
    PrintError("unhealthy: " + health.failure.message);
    return kFailed;
  }
  session->out.Write("healthy: region " + session->region.display_name() + " issues IDs\n");
  return kOk;
}

constexpr char kHealthTeaching[] =
    "Unhealthy: no region; retired; lost; the clock too far behind the last ID; the\n"
    "time range over; the ceiling passed and the lease not extensible (which is found\n"
    "out by drawing one ID, and only then).\n"
    "Warnings, on standard error, do not change the exit code: a clock that is not\n"
    "synchronised, a worker ID that is not guaranteed unique, store = none, less than\n"
    "a year left.\n"
    "\n"
    "Examples:\n"
    "  shmflake health || alert\n"
    "  HEALTHCHECK CMD [\"shmflake\", \"health\"]          in a Dockerfile";

}  // namespace

void AddHealth(CLI::App* app, Session* session) {
  AddSubcommand(app, session, "health", "exit 0 when IDs can be drawn, else 1 with the reason",
                kHealthTeaching, [session] { return CheckHealth(session); });
}

}  // namespace tool
