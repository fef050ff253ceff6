// SPDX-License-Identifier: Apache-2.0
#include "core/store/lease_choice.h"

#include <algorithm>
#include <cstddef>

#include "core/text.h"

namespace shmflake {
namespace {

// So many are tried of those that were never leased: more than hosts start at one moment.
constexpr std::size_t kUnusedTried = 64;
constexpr std::size_t kHoldersNamed = 3;
constexpr std::size_t kStateDirectoryDigits = 32;

// Best first. kPast and kUnused are equally good; kExpired may be configured on a host that is idle.
enum class Rank : std::uint32_t { kOwn, kPast, kUnused, kExpired, kAhead };

struct Candidate {
  Rank rank;
  std::uint64_t horizon;
  std::uint32_t worker_id;

  bool operator<(const Candidate& other) const {
    if (rank != other.rank) return rank < other.rank;
    return horizon != other.horizon ? horizon < other.horizon : worker_id < other.worker_id;
  }
};

}  // namespace

bool IsOfStateDirectory(const std::string& one, const std::string& other) {
  return one.size() > kStateDirectoryDigits && other.size() > kStateDirectoryDigits &&
         one.compare(0, kStateDirectoryDigits, other, 0, kStateDirectoryDigits) == 0;
}

bool IsHeldByOther(const LeaseInfo& info, const std::string& owner, bool exactly) {
  if (info.record.holder == 0 || info.ttl_ms <= 0) return false;
  return info.owner != owner && (exactly || !IsOfStateDirectory(info.owner, owner));
}

std::vector<std::uint32_t> ChooseWorkers(const std::vector<LeaseInfo>& records, const LeaseKey& key,
                                         std::uint64_t turn) {
  std::vector<Candidate> candidates;
  const std::uint64_t end = key.format.max_worker_id() + 1;
  std::uint64_t next = 0;
  std::size_t unused = 0;
  const auto add_unused_below = [&](std::uint64_t worker_id) {
    for (; next < worker_id && unused < kUnusedTried; ++next, ++unused) {
      candidates.push_back({Rank::kUnused, 0, static_cast<std::uint32_t>(next)});
    }
  };
  for (const LeaseInfo& info : records) {
    const LeaseRecord& record = info.record;
    if (record.worker_id >= end) continue;
    add_unused_below(record.worker_id);
    next = record.worker_id + std::uint64_t{1};
    if (IsHeldByOther(info, key.owner, true)) continue;
    const Rank rank = info.owner == key.owner    ? Rank::kOwn
                      : record.horizon > key.now ? Rank::kAhead
                      : record.holder != 0       ? Rank::kExpired
                                                 : Rank::kPast;
    candidates.push_back({rank, record.horizon, record.worker_id});
  }
  add_unused_below(end);
  std::sort(candidates.begin(), candidates.end());
  std::vector<std::uint32_t> chosen;
  const auto is_equal = [](const Candidate& candidate) {
    return candidate.rank == Rank::kPast || candidate.rank == Rank::kUnused;
  };
  std::size_t first = 0;
  while (first < candidates.size() && candidates[first].rank == Rank::kOwn) ++first;
  std::size_t equal = 0;
  while (first + equal < candidates.size() && is_equal(candidates[first + equal])) ++equal;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const bool turned = i >= first && i < first + equal;
    chosen.push_back(candidates[turned ? first + (i - first + turn) % equal : i].worker_id);
  }
  return chosen;
}

std::string DescribeHolder(const LeaseInfo& info) {
  return Format("region %s on host %s (ends in %lld s unless it is extended)",
                Quote(info.record.holder_region).c_str(), Quote(info.record.holder_host).c_str(),
                static_cast<long long>((info.ttl_ms + 999) / 1000));
}

std::string DescribeHolders(const std::vector<LeaseInfo>& records, const LeaseKey& key) {
  std::string names;
  std::size_t named = 0;
  for (const LeaseInfo& info : records) {
    if (!IsHeldByOther(info, key.owner, true) || ++named > kHoldersNamed) continue;
    names += Format("%s%u by %s", named > 1 ? ", " : "", info.record.worker_id,
                    DescribeHolder(info).c_str());
  }
  if (named > kHoldersNamed) names += Format(", and %zu more", named - kHoldersNamed);
  return Format("all %llu worker IDs of namespace %s are held: %s",
                static_cast<unsigned long long>(key.format.max_worker_id()) + 1,
                Quote(key.id_namespace).c_str(), names.c_str());
}

}  // namespace shmflake
