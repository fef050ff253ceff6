// SPDX-License-Identifier: Apache-2.0
// What the option struct, the environment and the file say, each as a layer.
#ifndef SHMFLAKE_CORE_SETTING_SOURCES_H_
#define SHMFLAKE_CORE_SETTING_SOURCES_H_

#include <string>
#include <string_view>

#include "core/host.h"
#include "core/options.h"
#include "core/setting_table.h"
#include "core/status.h"

namespace shmflake {

struct SettingSources {
  SettingLayer options;
  SettingLayer environment;
  SettingLayer file;

  // The value that counts; null when none says anything.
  [[nodiscard]] const GivenValue* Find(const SettingSpec& spec) const;
  [[nodiscard]] const GivenValue* Find(std::string_view key) const;
};

// Every value is checked, also one that another source overrides: a setting that is wrong somewhere
// is found before the day on which it begins to matter.
Status ReadSources(const Host& host, const Options& options, SettingSources* sources,
                   Setting<std::string>* config_file);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SETTING_SOURCES_H_
