// SPDX-License-Identifier: Apache-2.0
// shmflake lease: who holds which worker ID, and ending that.
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "command.h"
#include "lease_report.h"
#include "text.h"

namespace tool {
namespace {

// One more than any layout has: 22 worker ID bits.
constexpr std::uint64_t kMostWorkerIds = std::uint64_t{1} << 22;

int ReadLeases(const RegionOptions& region, Leases* out) {
  const shmflake_options options = region.Build();
  std::size_t count = 64;
  do {
    out->records.resize(count);
    const int code =
        shmflake_leases(region.name(), &options, out->records.data(), out->records.size(), &count);
    if (code != SHMFLAKE_OK) return code;
  } while (count > out->records.size());
  out->records.resize(count);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  out->now_unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return SHMFLAKE_OK;
}

int ShowLeases(Session* session) {
  Leases leases;
  if (const int code = ReadLeases(session->region, &leases); code != SHMFLAKE_OK) {
    return session->FailLibrary(code);
  }
  if (leases.records.empty()) {
    return session->Fail(
        {SHMFLAKE_E_NOT_FOUND, "no worker ID is on record for the namespace of the region " +
                                   Quoted(session->region.display_name()) +
                                   "; --namespace and --store say where to look"});
  }
  if (!session->json) {
    session->out.Write(ListLeases(leases));
    return kOk;
  }
  Json list = Json::array();
  for (const shmflake_lease& lease : leases.records) {
    list.push_back(LeaseToJson(lease, leases.now_unix_ms));
  }
  session->out.WriteJson(Json{{"name", session->region.display_name()}, {"leases", list}});
  return kOk;
}

// What became of the worker ID, whose record was `lease`.
std::string DescribeFreed(const shmflake_lease& lease) {
  const std::string worker = "worker ID " + std::to_string(lease.worker_id);
  if (lease.held == 0) {
    return worker + " was free already; " + DescribeHolder(lease) + " had it last\n";
  }
  return "freed " + worker + ", which " + DescribeHolder(lease) + " held\n" +
         "It is safe: if that region still runs, it draws up to its ceiling at most, and\n"
         "then leases anew. Whoever takes the worker ID starts above all that was granted.\n";
}

int Free(Session* session, std::uint32_t worker_id) {
  Leases leases;  // as they stand before: who loses it
  int code = ReadLeases(session->region, &leases);
  if (code != SHMFLAKE_OK) return session->FailLibrary(code);
  const shmflake_options options = session->region.Build();
  code = shmflake_lease_free(session->region.name(), &options, worker_id);
  if (code == SHMFLAKE_E_NOT_FOUND) {
    Failure failure = LibraryFailure(code);
    failure.message += "; shmflake lease list shows those that have one";
    return session->Fail(failure);
  }
  if (code != SHMFLAKE_OK) return session->FailLibrary(code);
  const shmflake_lease* lease = leases.Find(worker_id);
  if (session->json) {
    Json document{{"worker_id", worker_id}, {"freed", lease == nullptr || lease->held != 0}};
    document["before"] = lease == nullptr ? Json() : LeaseToJson(*lease, leases.now_unix_ms);
    session->out.WriteJson(document);
  } else if (lease == nullptr) {  // it was leased in between, for the first time
    session->out.Write("freed worker ID " + std::to_string(worker_id) + "\n");
  } else {
    session->out.Write(DescribeFreed(*lease));
  }
  return kOk;
}

int Release(Session* session) {
  const shmflake_options options = session->region.Build();
  const int code = shmflake_lease_release(session->region.name(), &options);
  if (code != SHMFLAKE_OK) return session->FailLibrary(code);
  if (session->json) {
    session->out.WriteJson(Json{{"released", session->region.display_name()}});
  } else {
    session->out.Write("released the lease of region " + session->region.display_name() +
                       ": no further ID comes from it, and its worker ID is free\n");
  }
  return kOk;
}

constexpr char kLeaseTeaching[] =
    "Which host has which worker ID, in the store that --store, SHMFLAKE_STORE or\n"
    "store in snowflake.toml names; else in that of the region, if there is one.\n"
    "\n"
    "Examples:\n"
    "  shmflake lease list --store etcd://a:2379,b:2379,c:2379/ids --namespace shop\n"
    "  shmflake lease release                      before this host goes\n"
    "  shmflake lease free 17                      its host is gone for good";

constexpr char kLeaseListTeaching[] =
    "The state is held; expired, when the holder's time to live is over, so that any\n"
    "host may take the worker ID; or free. All that was ever granted of a worker ID\n"
    "lies before its horizon. A free one shows who had it last. SQLite keeps no time\n"
    "to live: nobody but this host asks there.\n"
    "\n"
    "Examples:\n"
    "  shmflake lease list\n"
    "  shmflake lease list --json | jq '.leases[] | select(.state == \"held\")'";

constexpr char kLeaseFreeTeaching[] =
    "For a host that is gone: its worker ID can be leased at once, instead of after\n"
    "its time to live. It is safe also if that host is not gone: its region draws up\n"
    "to its ceiling at most and then leases anew, and the next holder starts above.\n"
    "A worker ID that nobody holds stays as it is, with exit code 0.\n"
    "\n"
    "Examples:\n"
    "  shmflake lease free 17\n"
    "  shmflake lease free 17 --store postgres://ids@db/ids --namespace shop";

constexpr char kLeaseReleaseTeaching[] =
    "An orderly end of this host: as shmflake retire, the region ends, and the unused\n"
    "part of its lease is given back. Where the region is gone already, as after a\n"
    "reboot, the lease that it left in a store which hosts share is ended.\n"
    "\n"
    "Examples:\n"
    "  shmflake lease release\n"
    "  shmflake lease release --name orders";

}  // namespace

void AddLease(CLI::App* app, Session* session) {
  CLI::App* group = AddGroup(app, "lease", "who holds which worker ID", kLeaseTeaching);
  AddSubcommand(group, session, "list", "the namespace's worker IDs and their holders",
                kLeaseListTeaching, [=] { return ShowLeases(session); });
  AddSubcommand(group, session, "release", "end this host's region and its lease",
                kLeaseReleaseTeaching, [=] { return Release(session); });
  const auto worker_id = std::make_shared<std::uint64_t>(0);
  CLI::App* free =
      AddSubcommand(group, session, "free", "end whoever holds a worker ID", kLeaseFreeTeaching,
                    [=] { return Free(session, static_cast<std::uint32_t>(*worker_id)); });
  AddOneWord(free, "WORKER_ID", "which one", [worker_id](const std::string& text) -> std::string {
    if (ParseUnsigned(text, kMostWorkerIds - 1, worker_id.get())) return "";
    return "must be a whole number, 0.." + std::to_string(kMostWorkerIds - 1);
  });
}

}  // namespace tool
