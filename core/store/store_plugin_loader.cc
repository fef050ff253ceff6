// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_plugin_loader.h"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "core/platform.h"
#include "core/text.h"

#ifndef SHMFLAKE_PLUGIN_PATH
#define SHMFLAKE_PLUGIN_PATH "/usr/local/lib/shmflake:/usr/lib/shmflake"
#endif

namespace shmflake {
namespace {

// The directories to look in, best first.
std::vector<std::string> PluginDirectories() {
  // secure_getenv: what is loaded runs with the rights of a set-uid program.
  if (const char* given = ::secure_getenv("SHMFLAKE_PLUGIN_DIR"); given != nullptr && *given != 0) {
    return {given};
  }
  std::vector<std::string> directories;
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&PluginDirectories), &self) != 0 &&
      self.dli_fname != nullptr) {
    const std::string path = self.dli_fname;
    if (const std::size_t slash = path.rfind('/'); slash != std::string::npos) {
      directories.push_back(path.substr(0, slash) + "/shmflake");
    }
  }
  std::string_view rest = SHMFLAKE_PLUGIN_PATH;
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    directories.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return directories;
}

Code CodeOf(int result) {
  switch (result) {
    case SHMFLAKE_STORE_DENIED:
      return Code::STORE_DENIED;
    case SHMFLAKE_STORE_SCHEMA:
      return Code::STORE_SCHEMA;
    case SHMFLAKE_STORE_LOCKED:
      return Code::STORE_LOCKED;
    case SHMFLAKE_STORE_RANGE:
      return Code::SEGMENT_RANGE;
    case SHMFLAKE_STORE_CORRUPT:
      return Code::STORE_CORRUPT;
    default:
      return Code::STORE_UNAVAILABLE;
  }
}

}  // namespace

Status LoadPlugin(const std::string& scheme, const shmflake_store_plugin** out) {
  const std::string file = "/store-" + scheme + ".so";
  std::string looked;
  for (const std::string& directory : PluginDirectories()) {
    const std::string path = directory + file;
    looked += (looked.empty() ? "" : ", ") + directory;
    if (::access(path.c_str(), F_OK) != 0) continue;
    // Never unloaded: its client library may have left handlers behind.
    void* object = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (object == nullptr) {
      const char* words = ::dlerror();
      return {Code::STORE_PLUGIN,
              "cannot load the plug-in " + path + ": " + Printable(words == nullptr ? "" : words)};
    }
    const auto entry =
        reinterpret_cast<shmflake_store_plugin_entry>(::dlsym(object, SHMFLAKE_STORE_PLUGIN_ENTRY));
    const shmflake_store_plugin* plugin = entry == nullptr ? nullptr : entry();
    std::string other = "none";
    if (plugin != nullptr) {
      other = std::string("for ") + plugin->scheme + ", version " + std::to_string(plugin->version);
    }
    if (plugin == nullptr || plugin->version != SHMFLAKE_STORE_PLUGIN_VERSION ||
        scheme != plugin->scheme) {
      return Fail(Code::STORE_PLUGIN, "%s must be a plug-in of version %d for %s: it is %s",
                  path.c_str(), SHMFLAKE_STORE_PLUGIN_VERSION, scheme.c_str(), other.c_str());
    }
    *out = plugin;
    return Status::Ok();
  }
  return Fail(
      Code::STORE_PLUGIN,
      "there is no plug-in store-%s.so (looked in %s); install it, or set SHMFLAKE_PLUGIN_DIR",
      scheme.c_str(), looked.c_str());
}

PluginCaller::PluginCaller(const StoreUrl& url, const shmflake_store_plugin* plugin)
    : url_(url), shown_(url_.Shown()), plugin_(plugin) {
  for (const StoreHost& host : url_.hosts) hosts_.push_back({host.host.c_str(), host.port});
}

Status PluginCaller::Call(const Function& function) const {
  std::string password;  // read anew each time: it may have been renewed
  SHMFLAKE_RETURN_IF_ERROR(ReadStorePassword(url_, &password));
  shmflake_store_target target{};
  target.struct_size = sizeof(target);
  target.shown = shown_.c_str();
  target.hosts = hosts_.data();
  target.host_count = hosts_.size();
  target.socket = url_.socket.c_str();
  target.user = url_.user.c_str();
  target.password = password.c_str();
  target.database = url_.database.c_str();
  target.table = url_.table.c_str();
  target.tls = static_cast<std::uint32_t>(url_.tls);
  target.tls_ca = url_.tls_ca.c_str();
  target.tls_cert = url_.tls_cert.c_str();
  target.tls_key = url_.tls_key.c_str();
  shmflake_store_error error{};
  // A write to a connection that the server closed raises it in some client libraries.
  const SignalBlock no_sigpipe(SIGPIPE);
  const int result = function(target, &error);
  ::explicit_bzero(password.data(), password.size());
  error.message[sizeof(error.message) - 1] = '\0';
  if (result == SHMFLAKE_STORE_OK) return Status::Ok();
  return {CodeOf(result), Printable(error.message)};
}

}  // namespace shmflake
