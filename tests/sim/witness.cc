// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/witness.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "core/uuid_format.h"
#include "tests/sim/virtual_host.h"

namespace shmflake::sim {
namespace {

// What a call may take beyond its wait_timeout_ms, in virtual time that it was not kept waiting.
constexpr Time kMostOvertime = 200 * kMs;

using Ull = unsigned long long;

bool IsSensible(Code code) {
  switch (code) {
    case Code::TIMEOUT:
    case Code::NOT_FOUND:
    case Code::SPLIT_BRAIN:
    case Code::WORKER_HELD:
    case Code::RETIRED:
    case Code::REGION_LOST:
    case Code::CEILING:
    case Code::LEASE_LOST:
    case Code::RECOVERY:
    case Code::STORE_UNAVAILABLE:
    case Code::STORE_LOCKED:
    case Code::WORKERS_EXHAUSTED:
    case Code::EXHAUSTED:
    case Code::CLOCK_BEHIND:
    case Code::CLOCK_JUMP:
    case Code::TIME_RANGE:
    case Code::BEFORE_EPOCH:
    case Code::TOO_FAR_AHEAD:
    case Code::WOULD_WAIT:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Witness::Broken(const char* promise, const char* format, ...) {
  char details[1000];
  va_list list;
  va_start(list, format);
  std::vsnprintf(details, sizeof(details), format, list);
  va_end(list);
  world_->Fail(promise, details);
}

Witness::Rectangle* Witness::FindRectangle(std::uint32_t worker_id, std::uint64_t instance) {
  const auto found = rectangles_.find(worker_id);
  if (found == rectangles_.end()) return nullptr;
  for (auto each = found->second.rbegin(); each != found->second.rend(); ++each) {
    if (each->instance == instance) return &*each;
  }
  return nullptr;
}

void Witness::Commit(const shmflake_store_lease* before, const shmflake_store_lease& after,
                     const std::string& host) {
  const HeapScope own;
  const std::uint32_t worker_id = after.worker_id;
  const std::int64_t old_horizon = before == nullptr ? 0 : before->horizon;
  const std::int64_t old_holder = before == nullptr ? 0 : before->holder;
  const auto horizon = static_cast<std::uint64_t>(after.horizon);
  Rectangle* old = FindRectangle(worker_id, static_cast<std::uint64_t>(old_holder));
  if (after.holder != 0 && after.holder == old_holder && after.base == before->base) {
    if (after.horizon < old_horizon || old == nullptr) {
      Broken("a horizon never falls while its holder lives", "worker ID %u: from %lld to %lld",
             worker_id, static_cast<long long>(old_horizon), static_cast<long long>(after.horizon));
    }
    old->end = horizon;
    return;
  }
  if (after.holder != 0) {
    if (after.base < old_horizon) {
      Broken("a holder begins at the horizon of the one before",
             "worker ID %u: the horizon was %lld, it begins at %lld", worker_id,
             static_cast<long long>(old_horizon), static_cast<long long>(after.base));
    }
    std::vector<Rectangle>& all = rectangles_[worker_id];
    ++world_->report().leases_taken;
    const Process* process = world_->current();  // none: its caller has given up
    const std::uint64_t life = process == nullptr ? UINT64_MAX : process->host->life();
    if (!all.empty() && all.back().host != host) ++world_->report().leases_moved;
    all.push_back({static_cast<std::uint64_t>(after.holder), static_cast<std::uint64_t>(after.base),
                   horizon, 0, false, host, life, ++last_birth_});
    return;
  }
  if (old == nullptr) {
    if (after.horizon < old_horizon) {
      Broken("a horizon never falls without a holder", "worker ID %u: from %lld to %lld", worker_id,
             static_cast<long long>(old_horizon), static_cast<long long>(after.horizon));
    }
    return;
  }
  if (horizon < old->base || after.horizon > old_horizon || horizon < old->issued_to) {
    Broken(
        "what is given back was not issued, and was the holder's own",
        "worker ID %u: given back from tick %llu on; the holder has %llu..%lld, and issued below "
        "%llu",
        worker_id, static_cast<Ull>(horizon), static_cast<Ull>(old->base),
        static_cast<long long>(old_horizon), static_cast<Ull>(old->issued_to));
  }
  old->end = horizon;
  old->ended = true;
}

void Witness::CheckRectangles() {
  const HeapScope own;
  for (auto& [worker_id, all] : rectangles_) {
    std::vector<Rectangle> sorted = all;
    std::sort(sorted.begin(), sorted.end(),
              [](const Rectangle& a, const Rectangle& b) { return a.base < b.base; });
    std::uint64_t end = 0;
    for (const Rectangle& each : sorted) {
      if (each.base == each.end) continue;
      if (each.base < end) {
        Broken("no two rectangles meet", "worker ID %u: one ends at %llu, one begins at %llu",
               worker_id, static_cast<Ull>(end), static_cast<Ull>(each.base));
      }
      end = each.end;
    }
  }
}

Witness::Call Witness::Begin(Process& process) {
  ++world_->report().calls;
  process.highest_reading_ns = INT64_MIN;
  return {++last_order_, process.host->life(), world_->now(), process.delayed};
}

void Witness::End(Process& process, const Call& call, const char* what, const Status& status,
                  bool waits) {
  const HeapScope own;
  VirtualHost& host = *process.host;
  const Time own_time = world_->now() - call.began - (process.delayed - call.delayed);
  const Time overtime = own_time - host.settings().wait_timeout_ms.value * kMs;
  Report& report = world_->report();
  report.longest_overtime_ns = std::max(report.longest_overtime_ns, overtime);
  if (overtime > kMostOvertime) {
    Broken("every call ends within its wait_timeout_ms", "%s took %lld ms on %s, of %u: %s", what,
           static_cast<long long>(own_time / kMs), host.name().c_str(),
           host.settings().wait_timeout_ms.value, status.message().c_str());
  }
  if (status.ok()) return;
  ++report.refusals;
  world_->Note(what, static_cast<std::uint64_t>(-static_cast<int>(status.code())), process.id);
  if (waits) {
    host.last_refusal = status.code();
    host.last_words = status.message();
  }
  const std::string& words = status.message();
  if (!IsSensible(status.code()) || words.empty() || words.find('\n') != std::string::npos) {
    Broken("a refusal says what is wrong", "%s on %s: %d \"%s\"", what, host.name().c_str(),
           static_cast<int>(status.code()), words.c_str());
  }
}

Witness::HostLog& Witness::LogOf(const VirtualHost& host) {
  HostLog& log = hosts_[host.index()];
  if (log.life != host.life()) {
    log.ids.Clear();
    log.life = host.life();
  }
  return log;
}

void Witness::CheckOrder(const OrderLog& log, const Call& call, std::uint64_t value,
                         const char* what) {
  const std::uint64_t before = log.HighestBefore(call.order);
  if (value > before) return;
  Broken("a draw that begins after another ended is larger", "%s: %llu after %llu", what,
         static_cast<Ull>(value), static_cast<Ull>(before));
}

// Within the rectangle of the holder that drew it, as the store had committed it by now, and no
// further ahead of the clock than is allowed.
const Witness::Rectangle& Witness::CheckId(Process& process, Generator& generator,
                                           std::uint64_t id) {
  const IdFormat& format = generator.current().format();
  IdParts parts;
  if (!SplitId(format, id, &parts)) {
    Broken("an ID has the layout's bits", "%llu", static_cast<Ull>(id));
  }
  Rectangle* rectangle = nullptr;
  const Header* header = nullptr;
  for (const Attachment* each = &generator.current(); each != nullptr; each = each->previous()) {
    header = &each->region().header();
    if (header->worker_id != parts.worker_id) continue;
    rectangle = FindRectangle(parts.worker_id, header->instance_id);
    if (rectangle != nullptr && parts.timestamp >= rectangle->base &&
        parts.timestamp < rectangle->end) {
      break;
    }
    rectangle = nullptr;
  }
  if (rectangle == nullptr) {
    const Header& last = generator.current().region().header();
    const Rectangle* own = FindRectangle(last.worker_id, last.instance_id);
    Broken("an ID lies in its holder's rectangle, below the horizon that the store had written",
           "%s: worker ID %u, tick %llu; its region has worker ID %u, [%llu, %llu)",
           process.host->name().c_str(), parts.worker_id, static_cast<Ull>(parts.timestamp),
           last.worker_id, static_cast<Ull>(own == nullptr ? 0 : own->base),
           static_cast<Ull>(own == nullptr ? 0 : own->end));
  }
  rectangle->issued_to = std::max(rectangle->issued_to, parts.timestamp + 1);
  if (world_->plan().relaxed)
    return *rectangle;  // a block's IDs may be older than the clock's last step
  std::uint64_t now = 0;
  (void)TickOfUnixNs(format, process.highest_reading_ns, &now);
  const std::uint64_t most =
      std::max(now + TicksOfMs(format, header->max_backward_ms), header->allowance_tick);
  if (parts.timestamp > most) {
    Broken("an ID is no further ahead of the clock than max_backward_ms, or its birth's allowance",
           "%s: tick %llu, the clock said %llu, the allowance is %llu",
           process.host->name().c_str(), static_cast<Ull>(parts.timestamp), static_cast<Ull>(now),
           static_cast<Ull>(header->allowance_tick));
  }
  return *rectangle;
}

void Witness::Ids(Process& process, const Call& call, Generator& generator,
                  const std::uint64_t* ids, std::size_t count) {
  if (count == 0) return;
  const HeapScope own;
  Report& report = world_->report();
  report.ids += count;
  const IdFormat& format = generator.current().format();
  const bool strict = !world_->plan().relaxed;
  HostLog& log = LogOf(*process.host);
  bool same_life = call.life == log.life;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t id = ids[i];
    const Rectangle& rectangle = CheckId(process, generator, id);
    same_life = rectangle.life == log.life && same_life;
    if (rectangle.birth < log.births.HighestBefore(call.order)) {
      Broken("nobody draws from a region once its successor is drawn from", "%s: ID %llu",
             process.host->name().c_str(), static_cast<Ull>(id));
    }
    log.births.Add(++last_order_, rectangle.birth);
    std::uint32_t first_by = 0;
    if (!ids_.Add(id, process.host->index(), &first_by)) {
      ++report.repeats;
      Broken("no ID is issued twice", "%llu by host %u and host %u", static_cast<Ull>(id), first_by,
             process.host->index());
    }
    if (!strict) continue;
    IdParts parts;
    (void)SplitId(format, id, &parts);
    CheckOrder(log.ids_of_worker[parts.worker_id], call, id, "IDs of a worker ID on a host");
    if (same_life) CheckOrder(log.ids, call, id, "IDs of a host");
    if (i > 0 && id <= ids[i - 1]) {
      Broken("a call's IDs ascend", "%llu after %llu", static_cast<Ull>(id),
             static_cast<Ull>(ids[i - 1]));
    }
  }
  process.host->drew = true;
  last_id_ = ids[count - 1];
  world_->Note("ids", process.id, ids[0], ids[count - 1]);
  if (!strict) return;
  const std::uint64_t order = ++last_order_;
  for (std::size_t i = 0; i < count; ++i) {
    IdParts parts;
    (void)SplitId(format, ids[i], &parts);
    log.ids_of_worker[parts.worker_id].Add(order, ids[i]);
  }
  if (same_life) log.ids.Add(order, ids[count - 1]);
}

void Witness::Uuid(Process& process, const Call& call, Generator& generator, std::uint64_t state) {
  const HeapScope own;
  ++world_->report().uuids;
  const Attachment& from = generator.current();
  const Header& header = from.region().header();
  Rectangle* rectangle = FindRectangle(header.worker_id, header.instance_id);
  const IdFormat& format = from.format();
  if (rectangle == nullptr || state >= UuidCeiling(format, rectangle->end) ||
      state >> 16 < UuidMsOfTick(format, rectangle->base)) {
    Broken("a UUID lies in its holder's rectangle", "%s: %llu ms, worker ID %u, ticks [%llu, %llu)",
           process.host->name().c_str(), static_cast<Ull>(state >> 16), header.worker_id,
           static_cast<Ull>(rectangle == nullptr ? 0 : rectangle->base),
           static_cast<Ull>(rectangle == nullptr ? 0 : rectangle->end));
  }
  rectangle->issued_to = std::max(rectangle->issued_to, TickAfterUuid(format, state));
  // Of one worker ID no two have the same time and counter, whatever their random bits.
  std::uint32_t first_by = 0;
  if (!uuids_.Add(Mix64(state) ^ header.worker_id, process.host->index(), &first_by)) {
    ++world_->report().repeats;
    Broken("no UUID is issued twice", "%llu of worker ID %u by host %u and host %u",
           static_cast<Ull>(state), header.worker_id, first_by, process.host->index());
  }
  OrderLog& log = LogOf(*process.host).uuids_of_worker[header.worker_id];
  CheckOrder(log, call, state, "UUIDs of a host");
  log.Add(++last_order_, state);
  world_->Note("uuid", process.id, state);
}

void Witness::Watermark(Process& process, Generator& generator, std::uint64_t id) {
  const HeapScope own;
  const std::uint32_t worker_id = generator.current().region().header().worker_id;
  LogOf(*process.host).ids_of_worker[worker_id].Add(++last_order_, id);
}

void Witness::Observed(Process& process, Generator& generator, std::uint64_t id) {
  const HeapScope own;
  ++world_->report().observations;
  // As if the largest ID of its tick had been drawn here.
  const IdFormat& format = generator.current().format();
  IdParts parts;
  (void)SplitId(format, id, &parts);
  const std::uint32_t worker_id = generator.current().region().header().worker_id;
  const std::uint64_t highest =
      format.IdOf(format.StateOf(parts.timestamp, format.max_sequence()), worker_id);
  LogOf(*process.host).ids_of_worker[worker_id].Add(++last_order_, highest);
  world_->Note("observed", process.id, id);
}

}  // namespace shmflake::sim
