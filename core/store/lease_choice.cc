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

bool IsOfStateDirectory(const std::string& one, const std::string& other) {
  return one.size() > kStateDirectoryDigits && other.size() > kStateDirectoryDigits &&
         one.compare(0, kStateDirectoryDigits, other, 0, kStateDirectoryDigits) == 0;
}

}  // namespace

bool IsHeldByOther(const LeaseInfo& info, const std::string& owner, bool exactly) {
  if (info.record.holder == 0 || info.ttl_ms <= 0) return false;
  return info.owner != owner && (exactly || !IsOfStateDirectory(info.owner, owner));
}

std::vector<std::uint32_t> ChooseWorkers(const std::vector<LeaseInfo>& records, const LeaseKey& key,
                                         std::uint64_t turn) {
  const std::uint64_t end = key.format.max_worker_id() + 1;
  std::vector<std::uint32_t> own;
  std::vector<const LeaseInfo*> past;
  std::vector<const LeaseInfo*> ahead;
  std::vector<std::uint32_t> unused;
  std::uint64_t next = 0;
  for (const LeaseInfo& info : records) {
    const std::uint32_t worker_id = info.record.worker_id;
    if (worker_id >= end) continue;
    for (; next < worker_id && unused.size() < kUnusedTried; ++next) {
      unused.push_back(static_cast<std::uint32_t>(next));
    }
    next = worker_id + std::uint64_t{1};
    if (IsHeldByOther(info, key.owner, true)) continue;
    if (info.owner == key.owner) {
      own.push_back(worker_id);
    } else {
      (info.record.horizon <= key.now ? past : ahead).push_back(&info);
    }
  }
  for (; next < end && unused.size() < kUnusedTried; ++next) {
    unused.push_back(static_cast<std::uint32_t>(next));
  }
  const auto by_horizon = [](const LeaseInfo* one, const LeaseInfo* other) {
    return one->record.horizon < other->record.horizon;
  };
  std::stable_sort(past.begin(), past.end(), by_horizon);
  std::stable_sort(ahead.begin(), ahead.end(), by_horizon);
  std::vector<std::uint32_t> equal;
  for (const LeaseInfo* info : past) equal.push_back(info->record.worker_id);
  equal.insert(equal.end(), unused.begin(), unused.end());
  if (!equal.empty()) {
    std::rotate(equal.begin(), equal.begin() + static_cast<std::ptrdiff_t>(turn % equal.size()),
                equal.end());
  }
  std::vector<std::uint32_t> chosen = std::move(own);
  chosen.insert(chosen.end(), equal.begin(), equal.end());
  for (const LeaseInfo* info : ahead) chosen.push_back(info->record.worker_id);
  return chosen;
}

std::string DescribeHolder(const LeaseInfo& info) {
  return "region " + Quote(info.record.holder_region) + " on host " +
         Quote(info.record.holder_host) + " (ends in " +
         std::to_string((info.ttl_ms + 999) / 1000) + " s unless it is extended)";
}

std::string DescribeHolders(const std::vector<LeaseInfo>& records, const LeaseKey& key) {
  std::string text = "all " + std::to_string(key.format.max_worker_id() + 1) +
                     " worker IDs of namespace " + Quote(key.id_namespace) + " are held: ";
  std::size_t named = 0;
  for (const LeaseInfo& info : records) {
    if (!IsHeldByOther(info, key.owner, true)) continue;
    if (++named > kHoldersNamed) continue;
    text += (named > 1 ? ", " : "") + std::to_string(info.record.worker_id) + " by " +
            DescribeHolder(info);
  }
  if (named > kHoldersNamed) text += " and " + std::to_string(named - kHoldersNamed) + " more";
  return text;
}

}  // namespace shmflake
