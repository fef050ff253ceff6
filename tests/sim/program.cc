// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/program.h"

#include <time.h>

#include <algorithm>
#include <memory>

#include "core/generator.h"
#include "core/random_pool.h"
#include "tests/sim/virtual_host.h"

namespace shmflake::sim {
namespace {

Witness* g_witness = nullptr;

// The system's clock, which is the host's here (libc.cc), without the shortcut past it.
class HostClock final : public Clock {
 public:
  std::int64_t RealtimeNs() noexcept override { return SystemClock().RealtimeNs(); }
  std::int64_t BoottimeNs() noexcept override { return SystemClock().BoottimeNs(); }
  std::int64_t MonotonicNs() noexcept override { return SystemClock().MonotonicNs(); }
  void Sleep(std::int64_t ns) noexcept override { SystemClock().Sleep(ns); }
  bool HasTsc() noexcept override { return false; }
};

class CountingLogger final : public Logger {
 public:
  void Log(LogLevel /*level*/, const char* event, std::initializer_list<LogField> fields) override {
    World* world = World::Get();
    world->Note(event, world->current()->id);
    for (const LogField& field : fields) {
      if (field.value == "LEASE_LOST") ++world->report().leases_lost;
    }
  }
};

void Think(World& world) {
  Random& random = world.random();
  const Time left = world.rhythm().quiet_until - world.now();
  if (left <= 0) {
    world.Sleep(
        static_cast<Time>(random.Below(2 * static_cast<std::uint64_t>(world.plan().think))));
  } else if (random.OneIn(4)) {
    world.Sleep(random.Log(kMs, std::max(left, kMs)));
  } else {
    world.Sleep(left + random.Between(0, 100 * kMs));
  }
}

class Drawer {
 public:
  explicit Drawer(Process& self)
      : self_(self),
        world_(*World::Get()),
        random_(world_.random()),
        generator_(self.host->settings(), std::make_unique<CountingLogger>(), clock_) {}

  bool Open() {
    const Witness::Call call = g_witness->Begin(self_);
    const bool attach_only = random_.OneIn(10);
    const Status status = generator_.Open(attach_only);
    g_witness->End(self_, call, "open", status, !attach_only);
    return status.ok();
  }

  // One call, or some of one kind.
  void Act() {
    const std::uint64_t kind = random_.Below(100);
    if (kind < 40) {
      for (std::uint64_t left = 1 + random_.Below(12); left > 0; --left) Next();
    } else if (kind < 50) {
      for (std::uint64_t left = 1 + random_.Below(12); left > 0; --left) TryNext();
    } else if (kind < 60) {
      NextNowait();
    } else if (kind < 75) {
      NextN();
    } else if (kind < 82) {
      NextBlock();
    } else if (kind < 90) {
      Uuids();
    } else if (kind < 94) {
      Observe();
    } else if (kind < 98) {
      Watermark();
    } else {
      Maintain();
    }
  }

 private:
  void Next() {
    std::uint64_t id = 0;
    const Witness::Call call = g_witness->Begin(self_);
    const Status status = generator_.Next(&id);
    if (status.ok()) g_witness->Ids(self_, call, generator_, &id, 1);
    g_witness->End(self_, call, "next", status);
  }

  void TryNext() {
    std::uint64_t id = 0;
    const Witness::Call call = g_witness->Begin(self_);
    const DrawError error = generator_.TryNext(&id);
    if (error.ok()) g_witness->Ids(self_, call, generator_, &id, 1);
    EndTry(call, "try_next", error);
  }

  void NextNowait() {
    std::uint64_t id = 0;
    std::uint64_t spare = 0;
    const Witness::Call call = g_witness->Begin(self_);
    Attachment& from = generator_.current();
    const FastResult fast = from.FastDraw(&id, &spare);
    const DrawError error = generator_.NextNowaitAfter(from, fast, spare, &id);
    if (error.ok()) g_witness->Ids(self_, call, generator_, &id, 1);
    EndTry(call, "next_nowait", error);
  }

  void NextN() {
    std::uint64_t ids[100];
    std::size_t filled = 0;
    const std::size_t wanted = 1 + random_.Below(std::size(ids));
    const Witness::Call call = g_witness->Begin(self_);
    const Status status = generator_.NextN(ids, wanted, &filled);
    g_witness->Ids(self_, call, generator_, ids, filled);
    g_witness->End(self_, call, "next_n", status);
  }

  void NextBlock() {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    const Witness::Call call = g_witness->Begin(self_);
    const Status status = generator_.NextBlock(1 + random_.Below(100), &first, &count);
    if (status.ok()) {
      std::uint64_t ids[100];
      for (std::uint64_t i = 0; i < count; ++i) ids[i] = first + i;
      g_witness->Ids(self_, call, generator_, ids, count);
    }
    g_witness->End(self_, call, "next_block", status);
  }

  void Uuids() {
    for (std::uint64_t left = 1 + random_.Below(4); left > 0; --left) {
      std::uint64_t state = 0;
      const Witness::Call call = g_witness->Begin(self_);
      Attachment& from = generator_.current();
      const FastResult fast = from.FastUuid(&state);
      const Status status = generator_.UuidAfter(from, fast, &state);
      if (status.ok()) g_witness->Uuid(self_, call, generator_, state);
      g_witness->End(self_, call, "uuid7", status);
    }
  }

  // An ID of anywhere is received, and an answer is drawn.
  void Observe() {
    const std::uint64_t cause = g_witness->last_id();
    if (cause == 0) return;
    const Witness::Call call = g_witness->Begin(self_);
    const std::uint64_t region = Region();
    const DrawError error = generator_.Observe(cause);
    EndTry(call, "observe", error);
    if (!error.ok()) return;
    if (!world_.plan().relaxed) g_witness->Observed(self_, generator_, cause);
    const Witness::Call answer = g_witness->Begin(self_);
    std::uint64_t id = 0;
    const Status status = generator_.Next(&id);
    if (status.ok()) {
      g_witness->Ids(self_, answer, generator_, &id, 1);
      if (Region() == region && id <= cause) {
        world_.Fail("an effect's ID is larger than its cause's",
                    std::to_string(id) + " after " + std::to_string(cause));
      }
    }
    g_witness->End(self_, answer, "next after observe", status);
  }

  void Watermark() {
    std::uint64_t id = 0;
    const Witness::Call call = g_witness->Begin(self_);
    const DrawError error = generator_.Watermark(&id);
    if (error.ok()) g_witness->Watermark(self_, generator_, id);
    if (error.code != Code::OPTION) EndTry(call, "watermark", error);
  }

  void Maintain() {
    const Witness::Call call = g_witness->Begin(self_);
    generator_.Maintain();
    g_witness->End(self_, call, "maintain", Status::Ok());
  }

  // What does not wait says by its number what is wrong.
  void EndTry(const Witness::Call& call, const char* what, const DrawError& error) {
    const Status status = error.ok() ? Status::Ok() : Status(error.code, DescribeDrawError(error));
    g_witness->End(self_, call, what, status, false);
  }

  [[nodiscard]] std::uint64_t Region() const {
    return generator_.current().region().header().instance_id;
  }

  Process& self_;
  World& world_;
  Random& random_;
  HostClock clock_;
  Generator generator_;
};

}  // namespace

void SetWitness(Witness* witness) { g_witness = witness; }

void Draw(Process& self) {
  World& world = *World::Get();
  Drawer drawer(self);
  if (!drawer.Open()) return;
  for (std::int64_t left = world.random().Log(2, 3'000); left > 0 && !world.rhythm().over; --left) {
    drawer.Act();
    Think(world);
  }
}

void Retire(Process& self) {
  World& world = *World::Get();
  HostClock clock;
  CountingLogger logger;
  const Settings settings = self.host->settings();
  const Witness::Call call = g_witness->Begin(self);
  const Status status = RetireByName(settings, clock, &logger);
  ++world.report().retirements;
  if (status.ok()) self.host->EndLife();
  g_witness->End(self, call, "retire", status);
}

}  // namespace shmflake::sim
