// SPDX-License-Identifier: Apache-2.0
// Named points at each atomic step and system call, where tests kill or stop a process. They are
// compiled in with SHMFLAKE_TEST_HOOKS only; a released library has none.
#ifndef SHMFLAKE_CORE_FAILPOINT_H_
#define SHMFLAKE_CORE_FAILPOINT_H_

// clang-format off
#define SHMFLAKE_POINTS(X) \
  X(kCreateMutexHeld) X(kCreateNobodyAttached) X(kCreateLeased) X(kCreateFileOpened) \
  X(kCreateSpaceTaken) X(kCreateFilled) X(kCreateLocked) X(kCreateAside) X(kCreatePublished) \
  X(kAttachOpened) X(kAttachHeaderRead) X(kAttachLocked) X(kAttachVerified) X(kAttachMapped) \
  X(kSlotLocked) X(kSlotClaimed) \
  X(kDrawBeforeFetchAdd) X(kDrawAfterFetchAdd) X(kDrawBeforeCas) X(kDrawAfterCas) \
  X(kBlockReserved) X(kBlockCursorRaised) \
  X(kExtendElected) X(kExtendGranted) X(kExtendPublished) \
  X(kTagWordWritten) X(kSegmentBeforeTake) X(kSegmentTaken) X(kSegmentBeforeMove) \
  X(kSegmentMoved) X(kFetchElected) X(kFetchBegun) X(kFetchReserved) X(kSegmentGranted) \
  X(kSegmentClaimed) X(kSegmentPublished) X(kFetchNoted) X(kSegmentDrawn) \
  X(kRetirePoisoned) X(kRetireRecorded) X(kRetireReleased) X(kRetireUnlinked)
// clang-format on

#ifdef SHMFLAKE_TEST_HOOKS

namespace shmflake {

enum class Point : int {
#define SHMFLAKE_POINT_NAME(name) name,
  SHMFLAKE_POINTS(SHMFLAKE_POINT_NAME)
#undef SHMFLAKE_POINT_NAME
};

inline constexpr const char* kPointNames[] = {
#define SHMFLAKE_POINT_NAME(name) #name,
    SHMFLAKE_POINTS(SHMFLAKE_POINT_NAME)
#undef SHMFLAKE_POINT_NAME
};

// What to do at a point; set before threads start. Null: nothing.
using PointHook = void (*)(Point);
inline PointHook g_point_hook = nullptr;

}  // namespace shmflake

#define SHMFLAKE_REACH(point)                                                                    \
  do {                                                                                           \
    if (::shmflake::g_point_hook != nullptr) ::shmflake::g_point_hook(::shmflake::Point::point); \
  } while (false)
#else
#define SHMFLAKE_REACH(point) static_cast<void>(0)
#endif

#endif  // SHMFLAKE_CORE_FAILPOINT_H_
