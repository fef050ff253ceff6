// SPDX-License-Identifier: Apache-2.0
// Attaching with other settings than a region was made with.
#include <gtest/gtest.h>

#include "core/region_open.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

struct Difference {
  const char* key;
  std::string found;
  std::string wanted;
  std::function<void(Options*)> change;
};

TEST_F(GeneratorTest, EverySettingThatDiffersIsNamedWithBothValues) {
  const auto generator = MustOpen();
  const Difference differences[] = {
      {"id_namespace", "region", "other", [](Options* o) { o->id_namespace = "other"; }},
      {"store", "sqlite", "none", [](Options* o) { o->store = "none"; }},
      {"worker_id_bits", "8", "9", [](Options* o) { o->worker_id_bits = 9; }},
      {"machine_bits", "6", "5", [](Options* o) { o->machine_bits = 5; }},
      {"sequence_bits", "12", "13", [](Options* o) { o->sequence_bits = 13; }},
      {"worker_id", "3", "4", [](Options* o) { o->worker_id = 4; }},
      {"tick_us", "1000", "100", [](Options* o) { o->tick_us = 100; }},
      {"epoch_ms", "1609459200000", "5", [](Options* o) { o->epoch_ms = 5; }},
      {"max_backward_ms", "10", "11", [](Options* o) { o->max_backward_ms = 11; }},
      {"horizon_ms", "10000", "9999", [](Options* o) { o->horizon_ms = 9999; }},
      {"ordering", "strict", "relaxed", [](Options* o) { o->ordering = "relaxed"; }},
      {"group", "none", "4711", [](Options* o) { o->group = "4711"; }},
  };
  for (const Difference& difference : differences) {
    const auto other = Make(difference.change);
    const Status status = other->Open(false);
    EXPECT_FAILS(Code::SETTINGS_DIFFER, status);
    EXPECT_TRUE(Contains(status.message(),
                         std::string(difference.key) + " is " + difference.wanted + " (option)"))
        << status.message();
    EXPECT_TRUE(Contains(status.message(), "made with " + difference.found)) << status.message();
  }
}

TEST_F(GeneratorTest, WhatIsNotGivenIsTakenFromTheRegion) {
  const auto generator = MustOpen([](Options* options) {
    options->sequence_bits = 5;
    options->tick_us = 100;
    options->ordering = "relaxed";
    options->horizon_ms = 500;
  });
  Next(generator.get());
  const auto other = MustOpen([](Options* options) { options->worker_id.reset(); });
  EXPECT_EQ(5U, other->current().format().sequence_bits);
  Next(other.get());
}

TEST_F(GeneratorTest, AFollowerKeepsWhatItsRegionWasMadeWith) {
  const auto change = [](Options* options) {
    options->sequence_bits = 5;
    options->max_backward_ms = 7;
    options->ordering = "relaxed";
    options->store = "none";
  };
  { const auto creator = MustOpen(change); }
  const auto generator = MustOpen();  // says none of it
  const Header before = generator->current().region().header();
  Next(generator.get());
  ASSERT_SUCCEEDS(RetireByName(place_.MakeSettings(), clock_, nullptr));
  Next(generator.get());
  const Header& after = generator->current().region().header();
  EXPECT_NE(before.instance_id, after.instance_id);
  EXPECT_EQ(FormatOf(before), FormatOf(after));
  EXPECT_EQ(before.worker_id, after.worker_id);
  EXPECT_EQ(before.max_backward_ms, after.max_backward_ms);
  EXPECT_EQ(before.ordering, after.ordering);
  EXPECT_EQ(before.store_kind, after.store_kind);
  EXPECT_EQ(before.file_mode, after.file_mode);
  EXPECT_STREQ(before.id_namespace, after.id_namespace);
}

TEST(InheritSettingsTest, WhatWasGivenStays) {
  Header header{};
  SetFormat(IdFormat(), &header);
  header.store_kind = 1;
  header.ordering = 2;
  header.horizon_ms = 700;
  header.max_backward_ms = 9;
  header.worker_id = 8;
  header.worker_id_source = 6;
  header.group_id = kNoGroup;
  Settings settings;
  settings.horizon_ms.value = 500;
  settings.horizon_ms.given = true;
  InheritSettings(header, &settings);
  EXPECT_EQ(500U, settings.horizon_ms.value);
  EXPECT_EQ(9U, settings.max_backward_ms.value);
  EXPECT_EQ(StoreKind::kNone, settings.store_kind);
  EXPECT_EQ(Ordering::kRelaxed, settings.ordering_kind);
  EXPECT_EQ(8U, settings.worker_id.value);
  EXPECT_EQ(WorkerIdSource::kHostAddress, settings.worker_id_source);
  EXPECT_FALSE(settings.group.given);
}

}  // namespace
}  // namespace shmflake::test
