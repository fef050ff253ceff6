// SPDX-License-Identifier: Apache-2.0
// A log in shared memory into which every process writes each ID that it was handed before it draws
// the next: so those of killed processes count too.
//
// Thread safety: any threads and processes share an IdLog; a Writer belongs to one thread, or to
// one signal handler.
#ifndef SHMFLAKE_TESTS_SUPPORT_ID_LOG_H_
#define SHMFLAKE_TESTS_SUPPORT_ID_LOG_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flake::test {

class IdLog {
 public:
  explicit IdLog(std::size_t capacity = std::size_t{1} << 24);
  // The log of another process, by its inherited descriptor.
  static IdLog FromFd(int fd) { return IdLog(fd, Existing{}); }
  ~IdLog();
  IdLog(const IdLog&) = delete;
  IdLog& operator=(const IdLog&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  class Writer {
   public:
    explicit Writer(IdLog& log) : log_(log) {}
    // Async-signal-safe.
    void Append(std::uint64_t id) noexcept;

   private:
    static constexpr std::size_t kChunk = 128;
    IdLog& log_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
  };

  // The largest ID whose draw has ended, anywhere.
  [[nodiscard]] std::uint64_t highest() const noexcept {
    return shared_->highest.load(std::memory_order_seq_cst);
  }
  void Raise(std::uint64_t id) noexcept;
  void NoteDisorder() noexcept { shared_->disorder.fetch_add(1, std::memory_order_relaxed); }

  // Draws that were not larger than one that had ended before they began.
  [[nodiscard]] std::uint64_t disorder() const noexcept {
    return shared_->disorder.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::vector<std::uint64_t> All() const;
  [[nodiscard]] std::size_t CountRepeats() const;
  [[nodiscard]] std::size_t size() const { return All().size(); }
  [[nodiscard]] bool overflowed() const noexcept {
    return shared_->used.load(std::memory_order_relaxed) > shared_->capacity;
  }

 private:
  struct Existing {};
  struct Shared {
    std::size_t capacity;
    alignas(128) std::atomic<std::size_t> used;
    alignas(128) std::atomic<std::uint64_t> highest;
    alignas(128) std::atomic<std::uint64_t> disorder;
    alignas(128) std::uint64_t ids[1];
  };
  IdLog(int fd, Existing);
  void Map(std::size_t bytes);

  int fd_ = -1;
  std::size_t bytes_ = 0;
  Shared* shared_ = nullptr;
};

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_ID_LOG_H_
