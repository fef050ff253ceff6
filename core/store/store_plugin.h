/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store's plug-in is: a shared object store-SCHEME.so that exports one function. C, so that
 * the library and a plug-in of another compiler agree; the plug-in links with its client library,
 * never with libshmflake.
 *
 * The rules for every plug-in:
 *  - A call opens its own connection and closes it before it returns: nothing is kept between calls,
 *    so that fork() finds nothing to break, and a thousand processes hold no connections.
 *  - It returns within timeout_ms, whatever the server does (accepts and never answers, stops in
 *    the middle): every step waits with poll() and the time that is left. Plus some 10 ms.
 *  - Any number of threads and processes may call it at once.
 *  - No password appears in a message.
 *  - It starts no thread, installs no signal handler, and leaves no descriptor open. SIGPIPE is held
 *    back by its caller.
 */
#ifndef SHMFLAKE_CORE_STORE_STORE_PLUGIN_H_
#define SHMFLAKE_CORE_STORE_STORE_PLUGIN_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHMFLAKE_STORE_PLUGIN_VERSION 2

enum {
  SHMFLAKE_STORE_OK = 0,
  SHMFLAKE_STORE_DECLINED = 1, /* decide() said no; nothing was written */
  /* Not reached, lost, or the server failed. Also when the outcome of a commit is not known: the
   * range may be taken then, and is a gap. */
  SHMFLAKE_STORE_UNAVAILABLE = 2,
  SHMFLAKE_STORE_TIMED_OUT = 3, /* no answer within timeout_ms */
  SHMFLAKE_STORE_DENIED = 4,    /* user, password, certificate, or rights on the table */
  SHMFLAKE_STORE_SCHEMA = 5,    /* no such database or table, or one of another shape */
  SHMFLAKE_STORE_LOCKED = 6,    /* somebody else kept the row until the time was up */
  SHMFLAKE_STORE_RANGE = 7,     /* max_id or step does not fit int64_t */
  SHMFLAKE_STORE_CORRUPT = 8    /* a namespace's record, or a lease, has an impossible value */
};

enum { SHMFLAKE_TLS_OFF = 0, SHMFLAKE_TLS_REQUIRE = 1, SHMFLAKE_TLS_VERIFY = 2 };

typedef struct shmflake_store_host {
  const char* host; /* name or address */
  uint32_t port;    /* 0: the store's own default */
} shmflake_store_host;

/* Where the store is. Texts are never NULL; "" means: the store's default, or none. */
typedef struct shmflake_store_target {
  size_t struct_size;
  const char* shown; /* for messages: the URL without secrets, "mysql://db:3306/ids" */
  const shmflake_store_host* hosts; /* tried in order */
  size_t host_count;                /* 0: the socket, or the default host */
  const char* socket;               /* a Unix socket (postgres: its directory); "" none */
  const char* user;
  const char* password;
  const char* database; /* etcd: the key prefix, "" for "shmflake" */
  const char* table;    /* "id_segments" unless given; [A-Za-z0-9_] with at most one '.' */
  uint32_t tls; /* SHMFLAKE_TLS_*: off, encrypted, encrypted with certificate and name checked */
  uint32_t reserved;  /* 0 */
  const char* tls_ca; /* files in PEM */
  const char* tls_cert;
  const char* tls_key;
} shmflake_store_target;

/* A tag's row. */
typedef struct shmflake_store_row {
  int64_t max_id; /* the highest ID that was ever granted */
  int64_t step;
} shmflake_store_row;

/* Decides on the row as it stands (NULL: there is none): 0 to write *write in its place, anything
 * else to leave all as it is. Called again when somebody else was quicker. It does not block. */
typedef int (*shmflake_store_decide)(void* context, const shmflake_store_row* found,
                                     shmflake_store_row* write);

/* A namespace, whose worker IDs are leased. Its record is written once, with `identity` and `format`
 * as they were given, and never changed. */
typedef struct shmflake_store_namespace {
  const char* identity; /* 32 hex digits, random; "" as read: there is no record yet */
  const char* format;   /* the ID layout, 1..120 bytes of printable ASCII; "" with identity "" */
} shmflake_store_namespace;

/* A worker ID's record in its namespace. It is never deleted. */
typedef struct shmflake_store_lease {
  uint32_t worker_id;
  uint32_t reserved; /* 0 */
  int64_t horizon;   /* ticks, 0..2^62: what was ever granted lies below it */
  int64_t base;      /* 0..horizon: where the present, or last, holder began */
  int64_t holder;    /* the instance ID, as a signed number; 0: nobody */
  /* Of a holder, by the server's clock alone. As read: how long until its time to live ends; 0 or
   * less: it has ended (etcd: then its key is gone). As written: the time to live from now, 1 or
   * more. 0 both ways without a holder. */
  int64_t ttl_ms;
  int64_t updated_unix_ms; /* as read: when it was written last, by the server's clock */
  const char* owner;  /* 0..120 bytes of printable ASCII: whose the holder is, kept after its end */
  const char* region; /* 0..63 bytes of printable ASCII, for people */
  const char* host;   /* 0..64 bytes of UTF-8 without control characters, for people */
} shmflake_store_lease;

/* What to write, all in one transaction. */
typedef struct shmflake_store_lease_write {
  shmflake_store_namespace record; /* written if the namespace has none */
  const shmflake_store_lease*
      lease; /* written in place of the record of its worker ID; NULL: none */
} shmflake_store_lease_write;

/* Decides on a namespace's records as they stand, ascending by worker ID: 0 to have *write written,
 * anything else to leave all as it is. What *write points to must live until the call that it was
 * given to returns, or it is called again: when somebody else was quicker. It does not block. */
typedef int (*shmflake_store_decide_lease)(void* context, const shmflake_store_namespace* record,
                                           const shmflake_store_lease* leases, size_t count,
                                           shmflake_store_lease_write* write);

typedef struct shmflake_store_error {
  char message[512]; /* one line, UTF-8: what failed, where, and the server's own words */
} shmflake_store_error;

typedef struct shmflake_store_plugin {
  uint32_t version; /* SHMFLAKE_STORE_PLUGIN_VERSION */
  uint32_t reserved;
  const char* scheme; /* "mysql" */
  const char* about;  /* "MariaDB Connector/C 3.3.14", for people */

  /* In one transaction that is durable when it returns OK: reads the tag's row, asks decide, writes
   * max_id (of a new row: also the step) only if the row is still as it was read. Other columns are
   * left to their defaults. SHMFLAKE_STORE_*; *error is filled unless OK or DECLINED. */
  int (*take)(const shmflake_store_target* target, const char* tag, int64_t timeout_ms,
              shmflake_store_decide decide, void* context, shmflake_store_error* error);

  /* Creates the tables in an existing database, those that are missing; one that is there must have
   * the columns (else SCHEMA). etcd: checks that it can read and write under the prefix. */
  int (*init)(const shmflake_store_target* target, int64_t timeout_ms, shmflake_store_error* error);

  /* In one transaction that is durable when it returns OK: reads the namespace's record and that of
   * worker_id (all of them if it is -1), not from a copy that may be behind; asks decide; and writes
   * only if the namespace's record and the one that is written are still as they were read (a
   * record that was missing: is still missing). It compares more than the horizon: a version that
   * changes with each write. UNAVAILABLE also when the outcome of a commit is not known.
   * id_namespace: 1..63 of [A-Za-z0-9._-]. target->table is not used. NULL: it keeps no
   * leases. */
  int (*lease)(const shmflake_store_target* target, const char* id_namespace, int64_t worker_id,
               int64_t timeout_ms, shmflake_store_decide_lease decide, void* context,
               shmflake_store_error* error);
} shmflake_store_plugin;

/* The one function that a plug-in exports. */
typedef const shmflake_store_plugin* (*shmflake_store_plugin_entry)(void);
#define SHMFLAKE_STORE_PLUGIN_ENTRY "shmflake_store_plugin_v2"

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif  // SHMFLAKE_CORE_STORE_STORE_PLUGIN_H_
