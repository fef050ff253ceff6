// SPDX-License-Identifier: Apache-2.0
// Finding a store's plug-in (store_plugin.h), and calling it: the target with its password, its
// result as a Status.
#ifndef SHMFLAKE_CORE_STORE_STORE_PLUGIN_LOADER_H_
#define SHMFLAKE_CORE_STORE_STORE_PLUGIN_LOADER_H_

#include <exception>
#include <string>
#include <vector>

#include "core/function_ref.h"
#include "core/status.h"
#include "core/store/store_plugin.h"
#include "core/store/store_url.h"

namespace shmflake {

// STORE_PLUGIN when there is none: store-SCHEME.so is looked for in SHMFLAKE_PLUGIN_DIR, else in
// shmflake/ beside this library, else in the directories that were compiled in.
Status LoadPlugin(const std::string& scheme, const shmflake_store_plugin** out);

// Runs a step that decides for a plug-in, behind its C callback: 0 when it is OK. No exception of the
// step's crosses into C.
template <typename Step>
int DecideFor(Status* status, const Step& step) {
  try {
    *status = step();
  } catch (const std::exception& failure) {
    try {
      *status = Fail(Code::NO_MEMORY, "unexpected: %s", failure.what());
    } catch (const std::exception&) {
      *status = Status(Code::NO_MEMORY, "out of memory");  // so short that it takes none
    }
  }
  return status->ok() ? 0 : 1;
}

// Thread safety: any threads at once. Fork safety: nothing is kept between calls.
class PluginCaller {
 public:
  PluginCaller(const StoreUrl& url, const shmflake_store_plugin* plugin);
  PluginCaller(const PluginCaller&) = delete;
  PluginCaller& operator=(const PluginCaller&) = delete;

  using Function =
      FunctionRef<int(const shmflake_store_target& target, shmflake_store_error* error)>;
  // Runs the function, which calls the plug-in, and says what it came to.
  [[nodiscard]] Status Call(const Function& function) const;

  [[nodiscard]] const shmflake_store_plugin& plugin() const { return *plugin_; }
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  const StoreUrl url_;
  const std::string shown_;
  std::vector<shmflake_store_host> hosts_;
  const shmflake_store_plugin* plugin_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_STORE_PLUGIN_LOADER_H_
