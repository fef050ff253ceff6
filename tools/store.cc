// SPDX-License-Identifier: Apache-2.0
// shmflake store: the databases that segments and leases come from.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "command.h"

namespace tool {
namespace {

int Init(Session* session, const std::string& url) {
  const shmflake_options options = session->region.Build();
  const char* given = url.empty() ? nullptr : url.c_str();
  if (const int code = shmflake_store_init(given, &options); code != SHMFLAKE_OK) {
    return session->FailLibrary(code);
  }
  if (session->json) {
    session->out.WriteJson(Json{{"ready", true}});
  } else {
    session->out.Write("the store is ready\n");
  }
  return kOk;
}

constexpr char kStoreTeaching[] =
    "Examples:\n"
    "  SHMFLAKE_STORE_PASSWORD=... shmflake store init mysql://ids@db/ids";

constexpr char kStoreInitTeaching[] =
    "Makes the tables in a database that is there: id_segments for segments,\n"
    "shmflake_leases and shmflake_namespaces for leases of worker IDs. Those that it\n"
    "has must be of the right shape, and stay as they are. etcd needs no tables: it\n"
    "is tried whether it can be read and written. Without URL: --store,\n"
    "SHMFLAKE_STORE or store in snowflake.toml if hosts share it, then\n"
    "--segment-store, SHMFLAKE_SEGMENT_STORE or segment_store. The password comes\n"
    "from SHMFLAKE_STORE_PASSWORD, or from the file of ?password_file=/path in it.\n"
    "\n"
    "Examples:\n"
    "  shmflake store init mysql://ids@db:3306/ids\n"
    "  shmflake store init 'postgres://ids@db/ids?tls_ca=/etc/ids/ca.pem'\n"
    "  shmflake store init etcd://a:2379,b:2379,c:2379/ids";

}  // namespace

void AddStore(CLI::App* app, Session* session) {
  CLI::App* group =
      AddGroup(app, "store", "set up a database for segments and leases", kStoreTeaching);
  const auto url = std::make_shared<std::string>();
  CLI::App* init = AddSubcommand(group, session, "init", "make the tables", kStoreInitTeaching,
                                 [=] { return Init(session, *url); });
  AddWord(init, "URL", "mysql://, postgres://, etcd:// or sqlite:", [url](const std::string& text) {
    *url = text;
    return text.empty() ? "must not be empty" : "";
  });
}

}  // namespace tool
