/* SPDX-License-Identifier: Apache-2.0 */
/* A store's plug-in that does what the database of its target says; and, compiled with one of
 * FAKE_..., some that are not what is looked for. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/store/store_plugin.h"

#if !defined(FAKE_WITHOUT_ENTRY)

static shmflake_store_row row = {100, 7}; /* of every tag */

static int Is(const shmflake_store_target* target, const char* behaviour) {
  return strcmp(target->database, behaviour) == 0;
}

static int Fail(const shmflake_store_target* target, shmflake_store_error* error, int result) {
  snprintf(error->message, sizeof(error->message), "%s: %s", target->shown, target->database);
  return result;
}

/* What it was told, all of it. */
static int Tell(const shmflake_store_target* target, const char* tag, int64_t timeout_ms,
                shmflake_store_error* error) {
  snprintf(error->message, sizeof(error->message),
           "%zu hosts, %s:%u, socket %s, user %s, password %s, table %s, tls %u %s %s %s, tag %s, "
           "%lld ms",
           target->host_count, target->host_count > 0 ? target->hosts[0].host : "-",
           target->host_count > 0 ? target->hosts[0].port : 0, target->socket, target->user,
           target->password, target->table, target->tls, target->tls_ca, target->tls_cert,
           target->tls_key, tag, (long long)timeout_ms);
  return SHMFLAKE_STORE_UNAVAILABLE;
}

static int Outcome(const shmflake_store_target* target, shmflake_store_error* error) {
  static const char* const kNames[] = {"ok",     "declined", "unavailable", "timed_out",
                                       "denied", "schema",   "locked",      "range"};
  for (int i = 2; i < 8; ++i) {
    if (Is(target, kNames[i])) return Fail(target, error, i);
  }
  if (Is(target, "strange")) return Fail(target, error, 99);
  if (Is(target, "lines")) {
    strcpy(error->message, "one\ntwo\xff");
    return SHMFLAKE_STORE_UNAVAILABLE;
  }
  if (Is(target, "endless")) {
    memset(error->message, 'x', sizeof(error->message));
    return SHMFLAKE_STORE_UNAVAILABLE;
  }
  return SHMFLAKE_STORE_OK;
}

static int Take(const shmflake_store_target* target, const char* tag, int64_t timeout_ms,
                shmflake_store_decide decide, void* context, shmflake_store_error* error) {
  shmflake_store_row change = {0, 0};
  if (Is(target, "tell")) return Tell(target, tag, timeout_ms, error);
  if (Is(target, "undecided")) return SHMFLAKE_STORE_OK;
  if (Is(target, "none")) {
    return decide(context, NULL, &change) == 0 ? SHMFLAKE_STORE_OK : SHMFLAKE_STORE_DECLINED;
  }
  if (Is(target, "pipe")) raise(SIGPIPE);
  if (Is(target, "twice")) { /* somebody else was quicker */
    if (decide(context, &row, &change) != 0) return SHMFLAKE_STORE_DECLINED;
    row.max_id += 1000;
  }
  if (decide(context, &row, &change) != 0) {
    return Is(target, "stubborn") ? SHMFLAKE_STORE_OK : SHMFLAKE_STORE_DECLINED;
  }
  const int outcome = Outcome(target, error);
  if (outcome == SHMFLAKE_STORE_OK) row = change;
  return outcome;
}

static int Init(const shmflake_store_target* target, int64_t timeout_ms,
                shmflake_store_error* error) {
  if (Is(target, "tell")) return Tell(target, "-", timeout_ms, error);
  return Outcome(target, error);
}

/* What the database "forgetful" remembers: what was written first, and nothing that came after. */
static char first_identity[33];
static char first_format[121];
static char first_owner[121];
static shmflake_store_lease first_lease = {.owner = first_owner, .region = "r", .host = "h"};

static void Remember(const shmflake_store_lease_write* write) {
  if (first_identity[0] == '\0') {
    snprintf(first_identity, sizeof(first_identity), "%s", write->record.identity);
    snprintf(first_format, sizeof(first_format), "%s", write->record.format);
  }
  if (write->lease == NULL || first_lease.holder != 0) return;
  snprintf(first_owner, sizeof(first_owner), "%s", write->lease->owner);
  first_lease = *write->lease;
  first_lease.owner = first_owner;
  first_lease.region = "r";
  first_lease.host = "h";
}

/* A namespace of two worker IDs, both held elsewhere; or one that is forgetful. */
static int Lease(const shmflake_store_target* target, const char* id_namespace, int64_t worker_id,
                 int64_t timeout_ms, shmflake_store_decide_lease decide, void* context,
                 shmflake_store_error* error) {
  const shmflake_store_namespace full = {"00112233445566778899aabbccddeeff",
                                         "50/0+1/12 x 1000 us since 1609459200000"};
  const shmflake_store_namespace first = {first_identity, first_format};
  const shmflake_store_lease leases[] = {
      {0, 0, 100, 0, 7, 60000, 0, "there/a", "default", "web-1"},
      {1, 0, 100, 0, 8, 60000, 0, "there/b", "default", "web-2"}};
  shmflake_store_lease_write write;
  const int forgetful = Is(target, "forgetful");
  const int64_t only = worker_id >= 0 && worker_id < 2 ? worker_id : 0;
  const int said = forgetful
                       ? decide(context, &first, &first_lease, first_lease.holder != 0, &write)
                       : decide(context, &full, leases + only, worker_id < 0 ? 2 : 1, &write);
  (void)id_namespace;
  (void)timeout_ms;
  if (said != 0) return SHMFLAKE_STORE_DECLINED;
  if (forgetful) Remember(&write);
  return Outcome(target, error);
}

__attribute__((visibility("default"))) const shmflake_store_plugin* shmflake_store_plugin_v2(void);

const shmflake_store_plugin* shmflake_store_plugin_v2(void) {
  static const shmflake_store_plugin plugin = {
#if defined(FAKE_VERSION)
    .version = SHMFLAKE_STORE_PLUGIN_VERSION + 1,
#else
    .version = SHMFLAKE_STORE_PLUGIN_VERSION,
#endif
#if defined(FAKE_SCHEME)
    .scheme = "postgres",
#else
    .scheme = "mysql",
#endif
    .about = "a fake",
    .take = Take,
    .init = Init,
    .lease = Lease
  };
#if defined(FAKE_NULL)
  (void)plugin;
  return NULL;
#else
  return &plugin;
#endif
}

#else

int no_entry_here(void);
int no_entry_here(void) { return 0; }

#endif
