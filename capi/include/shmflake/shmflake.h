/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shmflake.h - unique 64-bit IDs for every process on a host, out of one shared-memory file.
 *
 * THE SHORT VERSION
 *
 *     shmflake *flake;
 *     uint64_t id;
 *     if (shmflake_open(NULL, NULL, &flake) != 0 || shmflake_next(flake, &id) != 0) {
 *       fprintf(stderr, "%s\n", shmflake_last_error());
 *       return 1;
 *     }
 *     printf("%llu\n", (unsigned long long)id);
 *     shmflake_close(flake);
 *
 * CONVENTIONS
 *
 *  1. A function that can fail returns 0 (SHMFLAKE_OK) or a negative code from the list below.
 *     Codes are never renumbered and never reused. shmflake_strerror() names the rule that was
 *     broken, shmflake_last_error() also the value that broke it.
 *  2. On failure an output argument is left as it was, unless its description says otherwise.
 *  3. Structs that the caller fills begin with `size_t struct_size`, which must be set to sizeof
 *     the struct; a field that is 0 means "default". A longer struct of a newer header is accepted
 *     as long as the part that this library does not know is all zero.
 *  4. Nothing is allocated for the caller to free, except the handle that shmflake_close() takes
 *     back. No exception crosses this boundary. The one callback, options.log, is opt-in.
 *  5. "Thread-safe" means: any threads may call it on one handle at once.
 *     "Fork-safe": a child made by fork() (or a raw clone() without CLONE_VM) may go on using the
 *     handles that it inherited; parent and child never get the same ID. After vfork(), call
 *     nothing but exec or _exit.
 *     "Async-signal-safe": may be called from a signal handler, even one that interrupted shmflake.
 *     "May block": may sleep, take file locks or write to a store, never longer than
 *     wait_timeout_ms.
 *  6. pthread_cancel(), deferred, takes effect before or after a call, never inside one; a thread
 *     that calls shmflake must not have PTHREAD_CANCEL_ASYNCHRONOUS set.
 *
 * WORDS
 *
 *  region     the shared-memory file that the processes of a host map
 *  state word the one 64-bit atomic in it: the last (timestamp, sequence) that was issued
 *  tick       the timestamp's unit, 1 ms by default
 *  worker ID  the bits of an ID that tell hosts apart
 *  lease      the right to a worker ID up to a horizon, granted by a store
 *  ceiling    the lease's horizon as a state value: the first value that may not be issued
 *  segment    a range of dense IDs taken from a store; tag: the name of such a series
 *
 * CAVEATS
 *
 *  - The region lives on tmpfs; the lease (an SQLite file) and the lock file live in the state
 *    directory, on a disk. If both are removed while processes run, nothing remembers what they
 *    were given.
 *    Fix: keep the state directory; containers that share a region must share it too.
 *  - shmflake_try_next() cannot extend the lease, since that writes to the store. A program that
 *    calls nothing else on any process of the host runs into SHMFLAKE_E_CEILING after horizon_ms.
 *    Fix: call shmflake_next() somewhere, or set background_thread.
 *  - A child that is made by fork() in a signal handler that interrupted a draw is a copy of that
 *    draw: when both return from the handler, both may return the same ID. A virtual machine or a
 *    process that is restored from a snapshot is such a copy, too, state directory and all.
 *    Fix: let such a child exec or _exit; after a restore, take a worker ID that was never used.
 *  - A program that closes descriptors which it did not open (closefrom) detaches its handles: the
 *    next shmflake_next() attaches anew.
 *  - A set-uid program trusts the environment's directories. Fix: set the options.
 *  - A wait for the store's disk (fsync) cannot be cut short: a call may take that much longer than
 *    wait_timeout_ms.
 *  - A stopped process (SIGSTOP, a debugger) holds up no draw. One that is stopped while it creates
 *    or retires a region holds up those who open, follow or retire one of the same namespace: they
 *    get SHMFLAKE_E_TIMEOUT, which names it. One that is stopped while it writes to the store holds
 *    up whoever needs the store: draws go on to the ceiling, then get SHMFLAKE_E_STORE_LOCKED. So
 *    does a child that was forked in that moment of a process that was killed since, until it ends.
 *    Fix: let it go on, or kill it.
 *  - shmflake_close() while another thread is inside a call on the same handle is undefined.
 *    Fix: join the threads first.
 *  - A file that is truncated under a mapping raises SIGBUS in whoever touches it. shmflake_open()
 *    installs a SIGBUS handler that turns this into SHMFLAKE_E_REGION_LOST and passes every other
 *    SIGBUS on to the handler that was there before.
 *    Fix: a program that installs its own handler later should pass on what it does not know, or
 *    set sigbus_guard to SHMFLAKE_OFF.
 */
#ifndef SHMFLAKE_SHMFLAKE_H_
#define SHMFLAKE_SHMFLAKE_H_

#include <stddef.h>
#include <stdint.h>

#define SHMFLAKE_VERSION_MAJOR 0
#define SHMFLAKE_VERSION_MINOR 1
#define SHMFLAKE_VERSION_PATCH 0

#if defined(__GNUC__)
#define SHMFLAKE_API __attribute__((visibility("default")))
#else
#define SHMFLAKE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------- Codes -------------------------------------------- */

enum {
  SHMFLAKE_OK = 0,

  /* What the caller passed. */
  SHMFLAKE_E_NULL_ARGUMENT = -1, /* a required pointer is NULL */
  SHMFLAKE_E_COUNT = -2,         /* a count is 0 */
  SHMFLAKE_E_STRUCT_SIZE = -3,   /* struct_size is too small, or an unknown field is not 0 */
  SHMFLAKE_E_NAME = -4,          /* a region or namespace name is not allowed */
  SHMFLAKE_E_LAYOUT = -5,        /* the ID layout is impossible */
  SHMFLAKE_E_WORKER_ID = -6,     /* the worker ID does not fit its bits */
  SHMFLAKE_E_OPTION = -7,        /* an option is out of its range */
  SHMFLAKE_E_ENVIRONMENT = -8,   /* an environment variable has a bad value */
  SHMFLAKE_E_ID = -9,            /* the ID cannot have come from this region */
  /* observe: the ID is further ahead of the clock than max_backward_ms */
  SHMFLAKE_E_TOO_FAR_AHEAD = -10,
  SHMFLAKE_E_INSTANT = -11, /* bounds: the instant is before the epoch or after the time range */
  SHMFLAKE_E_TEXT = -12,    /* the text is no ID of that form */
  SHMFLAKE_E_FORM = -13,    /* no such text form */
  SHMFLAKE_E_BUFFER = -14,  /* the buffer is too small */

  /* The configuration file. */
  SHMFLAKE_E_CONFIG_NOT_FOUND = -20, /* the file that was named cannot be read */
  SHMFLAKE_E_CONFIG_SYNTAX = -21,    /* not TOML */
  SHMFLAKE_E_CONFIG_KEY = -22,       /* an unknown key */
  SHMFLAKE_E_CONFIG_TYPE = -23,      /* a value of the wrong type */
  SHMFLAKE_E_CONFIG_VALUE = -24,     /* a value out of its range */

  /* The operating system. */
  SHMFLAKE_E_DIRECTORY = -30,       /* the region directory is missing, no directory, or unsafe */
  SHMFLAKE_E_STATE_DIRECTORY = -31, /* the state directory is missing, no directory, or unsafe */
  SHMFLAKE_E_PERMISSION = -32,      /* the system denies access */
  SHMFLAKE_E_READ_ONLY = -33,       /* the file system is read-only */
  SHMFLAKE_E_NO_SPACE = -34,        /* no space (a full tmpfs or disk, or a quota) */
  SHMFLAKE_E_NO_MEMORY = -35,       /* no memory, or too many mappings */
  SHMFLAKE_E_TOO_MANY_FILES = -36,  /* too many open files */
  SHMFLAKE_E_SYSTEM = -37,          /* another system call failed; the message has its errno */
  SHMFLAKE_E_TIMEOUT = -38, /* another process held a step of create or attach for too long */

  /* The region file. It is never deleted or rewritten when one of these is returned. */
  SHMFLAKE_E_NOT_FOUND = -50, /* there is no region of that name, and creating was not asked for */
  SHMFLAKE_E_NOT_REGULAR = -51,     /* not a regular file */
  SHMFLAKE_E_SYMLINK = -52,         /* a symbolic link */
  SHMFLAKE_E_HARD_LINK = -53,       /* a file with several names */
  SHMFLAKE_E_OWNER = -54,           /* a file of another user */
  SHMFLAKE_E_MODE = -55,            /* the mode lets others in who should not be */
  SHMFLAKE_E_TRUNCATED = -56,       /* shorter than it says, or than any region is */
  SHMFLAKE_E_MAGIC = -57,           /* not a shmflake region */
  SHMFLAKE_E_OLDER_VERSION = -58,   /* an older layout version */
  SHMFLAKE_E_NEWER_VERSION = -59,   /* a newer layout version */
  SHMFLAKE_E_CHECKSUM = -60,        /* the header's CRC-32C is wrong */
  SHMFLAKE_E_HEADER = -61,          /* a header field is impossible */
  SHMFLAKE_E_FEATURES = -62,        /* it uses features that this library does not know */
  SHMFLAKE_E_SETTINGS_DIFFER = -63, /* it was made with other settings */
  SHMFLAKE_E_SPLIT_BRAIN = -64, /* processes still use a region that is not at its name any more */
  SHMFLAKE_E_STATE_CHANGED = -65, /* it was made with another state directory */
  SHMFLAKE_E_REGION_LOST = -66,   /* the file was removed, truncated or overwritten under us */
  SHMFLAKE_E_RETIRED = -67, /* the region was retired; shmflake_next() follows to the next one */

  /* The lease and its store. */
  SHMFLAKE_E_CEILING = -80,           /* the ceiling is reached, and the lease was not extended */
  SHMFLAKE_E_LEASE_LOST = -81,        /* the store gave the worker ID to another region */
  SHMFLAKE_E_RECOVERY = -82,          /* the old horizon is further ahead than max_recovery_ms */
  SHMFLAKE_E_WORKER_HELD = -83,       /* a living region has this worker ID */
  SHMFLAKE_E_STORE_UNKNOWN = -84,     /* no such store */
  SHMFLAKE_E_STORE_UNAVAILABLE = -85, /* the store cannot be opened, read or written */
  SHMFLAKE_E_STORE_LOCKED = -86,      /* somebody else holds the store locked */
  SHMFLAKE_E_STORE_CORRUPT = -87,     /* the store is damaged */
  SHMFLAKE_E_STORE_SCHEMA = -88,      /* the store has a schema of another version */
  SHMFLAKE_E_STORE_LAYOUT = -89,      /* the store's record is of another ID layout or epoch */
  SHMFLAKE_E_STORE_REPLACED = -90,    /* the store is not the one this namespace was started with */
  SHMFLAKE_E_STORE_URL = -91,         /* the store's URL is not understood */
  SHMFLAKE_E_STORE_PLUGIN = -92,      /* the store's plug-in is missing, or of another version */
  SHMFLAKE_E_STORE_DENIED = -93,      /* the store denies access: user, password, rights ... */
  SHMFLAKE_E_WORKERS_EXHAUSTED = -94, /* no worker ID of the namespace is free */
  SHMFLAKE_E_STORE_BACKWARDS = -95,   /* the store remembers less than it granted */

  /* The draw. */
  SHMFLAKE_E_EXHAUSTED = -100, /* the sequence is used up as far ahead as max_backward_ms allows */
  /* the clock is behind the state word by more than max_backward_ms */
  SHMFLAKE_E_CLOCK_BEHIND = -101,
  SHMFLAKE_E_CLOCK_JUMP = -102,   /* the clock jumped forward by more than max_forward_ms */
  SHMFLAKE_E_TIME_RANGE = -103,   /* the timestamp does not fit its bits any more */
  SHMFLAKE_E_BEFORE_EPOCH = -104, /* the clock is before the epoch */
  SHMFLAKE_E_WOULD_WAIT = -105,   /* drawing would have had to wait */

  /* Segments. */
  SHMFLAKE_E_TAG = -120,         /* a tag must be 1..64 bytes of UTF-8 */
  SHMFLAKE_E_TAG_UNKNOWN = -121, /* the store has no row for the tag, and none was to be created */
  SHMFLAKE_E_TAGS_FULL = -122,   /* the region has no room for another tag */
  SHMFLAKE_E_TAG_STORE = -123,   /* the region draws the tag from another store */
  SHMFLAKE_E_STEP = -124,        /* the row's step is 0 or beyond the cap */
  SHMFLAKE_E_SEGMENT_RANGE = -125,     /* max_id is negative, or too near 2^63 - 1 */
  SHMFLAKE_E_SEGMENT_BACKWARDS = -126, /* the store grants what this region was granted before */
  SHMFLAKE_E_SEGMENT_EMPTY = -127, /* no ID is left, and the next segment did not come in time */
  SHMFLAKE_E_RESERVE = -128        /* the reserve callback failed, or gave an impossible range */
};

/* The rule behind a code, as a static string ("unknown error" for others). Never NULL.
 * Thread-safe, fork-safe, async-signal-safe; does not block. */
SHMFLAKE_API const char* shmflake_strerror(int code);

/* The code's name without its prefix ("CEILING"), for logs and JSON; "UNKNOWN" for others.
 * Thread-safe, fork-safe, async-signal-safe; does not block. */
SHMFLAKE_API const char* shmflake_error_name(int code);

/* What went wrong in this thread's last call that failed: the rule and the value, one line, UTF-8.
 * "" if none failed yet. Valid until this thread's next call into shmflake. Thread-safe, fork-safe;
 * not async-signal-safe; does not block. */
SHMFLAKE_API const char* shmflake_last_error(void);

/* "0.1.0". Thread-safe, fork-safe, async-signal-safe; does not block. */
SHMFLAKE_API const char* shmflake_version(void);

/* ------------------------------------------ Options ------------------------------------------- */

/* An opaque handle: this process's attachment to one region. */
typedef struct shmflake shmflake;

/* options.ordering */
enum {
  /* The default: if one draw from the region ends before another begins, anywhere on the host, the
   * second ID is larger. (A region that comes back with another worker ID starts at the clock, and
   * may be max_backward_ms behind what it issued.) */
  SHMFLAKE_ORDERING_STRICT = 1,
  /* Time-ordered to one tick, plus what the state runs ahead of the clock (at most
   * max_backward_ms). Each process draws from small blocks, so that many processes do not contend
   * for one cache line. */
  SHMFLAKE_ORDERING_RELAXED = 2
};

/* options.sigbus_guard, background_thread */
enum { SHMFLAKE_ON = 1, SHMFLAKE_OFF = 2 };

/* options.set: a field whose 0 is meant. */
enum {
  SHMFLAKE_SET_WORKER_ID = 1 << 0,
  SHMFLAKE_SET_EPOCH = 1 << 1,
  SHMFLAKE_SET_MAX_BACKWARD = 1 << 2
};

enum {
  SHMFLAKE_LOG_DEBUG = 1,
  SHMFLAKE_LOG_INFO = 2,
  SHMFLAKE_LOG_WARNING = 3,
  SHMFLAKE_LOG_ERROR = 4
};

typedef struct shmflake_log_field {
  const char* key;   /* snake_case, without spaces */
  const char* value; /* UTF-8, may hold spaces */
} shmflake_log_field;

/* Called for rare events (region_created, lease_extended, clock_rollback, region_retired ...), on
 * the thread whose call met them, never from shmflake_try_next(). The strings die with the call. It
 * must not call into shmflake with the same handle, nor throw or longjmp. It may fork: then both
 * sides return from the call that logged, with IDs of their own. */
typedef void (*shmflake_log_function)(void* context, int level, const char* event,
                                      const shmflake_log_field* fields, size_t count);

/*
 * Every field that is 0 or NULL is looked for in the environment, then in snowflake.toml, then has
 * the default. The environment variable is SHMFLAKE_ and the field's name in capitals, unless given
 * here; the key in the file is the field's name, unless given here. [region] marks what becomes
 * part of a new region: attaching to one that was made with another value is
 * SHMFLAKE_E_SETTINGS_DIFFER; what is said nowhere is taken from the region.
 */
typedef struct shmflake_options {
  size_t struct_size; /* sizeof(shmflake_options) */

  /* The TOML file, keys at top level or in one table [snowflake]. Outside comments it must be ASCII
   * (strings may escape the rest), without multi-line strings. Not a key. Default:
   * SNOWFLAKE_CONFIG, else /etc/snowflake.toml if there is one. */
  const char* config_file;
  /* Where regions lie, made with mode 0700 if missing. SHMFLAKE_DIR.
   * Default: /dev/shm/shmflake-UID, the same for every process of a user. */
  const char* directory;
  /* Where the lock file and the SQLite store lie; must outlive a reboot. SHMFLAKE_STATE_DIR.
   * Default: /var/lib/shmflake for root, else .local/state/shmflake in the home directory that the
   * user database names, else /var/tmp/shmflake-UID. */
  const char* state_directory;
  /* What worker IDs are unique in; 1..63 of [A-Za-z0-9._-]. [region] Default: the region's name, so
   * that two regions of different names may issue equal IDs, unless they are given one namespace.
   */
  const char* id_namespace;
  /* Who remembers horizons: "sqlite" (default), for one host; a store that many hosts trust, whose
   * URL is written as in segment_store below, "postgres://ids@db/ids"; or "none", which keeps
   * nothing: uniqueness over a loss of the region then rests on the clock. [region] docs/fleet.md
   * has more. */
  const char* store;
  /* A group (name or number) whose members may attach too; widens the default mode to 0660.
   * [region] Default: none. Costs: every member can break the region. */
  const char* group;

  uint32_t set; /* SHMFLAKE_SET_* bits */
  /* The region file's mode: 0600 (default), or with a group 0640, 0660. A string ("0660") in the
   * file. */
  uint32_t mode;
  /* 0..2^worker_id_bits - 1. SNOWFLAKE_WORKER_ID or SHMFLAKE_WORKER_ID. [region] Keys of the file:
   * worker_id, or datacenter_id and machine_id. Default: one that is leased from a store which
   * hosts share; else the ordinal of a Kubernetes StatefulSet's pod, else the last bits of the
   * host's IPv4 address, which status marks as not guaranteed unique. */
  uint32_t worker_id;

  /* The ID layout: 63 bits, of which the timestamp gets what the others leave; or all by name, see
   * `layout` below. [region] */
  uint32_t timestamp_bits; /* 63 - worker_id_bits - sequence_bits, the only value; at least 20 */
  uint32_t worker_id_bits; /* 1..22, default 8 */
  uint32_t machine_bits;   /* 1..worker_id_bits, default worker_id_bits - 2 (at least 1); the rest,
                            * above it, is the datacenter ID */
  uint32_t sequence_bits;  /* 1..31, default 12 */
  uint32_t tick_us;        /* 100..1000000 microseconds, default 1000 */
  int64_t epoch_ms;        /* Unix ms of timestamp 0, not after now.
                            * Default 1609459200000 (2021-01-01T00:00:00Z) */

  uint32_t ordering; /* SHMFLAKE_ORDERING_*; "strict" or "relaxed" as text. [region] */
  /* How far the state may run ahead of the clock, by bursts or by a clock that was set back, before
   * draws wait: 0..60000 ms. [region] Default: 10, or 2 ticks if that is more. */
  uint32_t max_backward_ms;
  /* Refuse a forward jump of the clock by more than this that CLOCK_BOOTTIME did not see:
   * 1..2^31-1 ms. Default: jumps are followed, logged and counted. */
  uint32_t max_forward_ms;
  /* How far ahead of the clock an old horizon may be for a new region to start there:
   * 1..2^31-1 ms, default 60000. */
  uint32_t max_recovery_ms;
  /* How far ahead the lease is taken, hence the outage of the store that is survived:
   * 100..86400000 ms, more than 2 x max_backward_ms. [region] Default: 10000, or 4 x
   * max_backward_ms if that is more. */
  uint32_t horizon_ms;
  /* The longest that a call may wait: 1..3600000 ms. Default: 1000, or 2 ticks if that is more. */
  uint32_t wait_timeout_ms;

  /* SHMFLAKE_ON: one thread of this process extends the lease and follows a retired region. A
   * forked child has none. Default SHMFLAKE_OFF. */
  uint32_t background_thread;
  uint32_t sigbus_guard; /* SHMFLAKE_OFF: install no SIGBUS handler (see CAVEATS). Default on. */
  uint32_t attach_only;  /* 1: do not create a region, return SHMFLAKE_E_NOT_FOUND. Not a key. */

  uint32_t log_level;        /* SHMFLAKE_LOG_*: the lowest level that is passed on, default INFO */
  shmflake_log_function log; /* Default: silent; SHMFLAKE_LOG=stderr writes to standard error. */
  void* log_context;

  /* A layout by name, see shmflake_layout(): it sets all bits, their order, the tick and, unless
   * epoch_ms is given too, the epoch. Other values of those are SHMFLAKE_E_LAYOUT. [region] */
  const char* layout;

  /* Where segments come from, for tags that are opened without a store of their own: "sqlite:"
   * (default: segments.db in the state directory), "sqlite:/path/to/file", or by a plug-in
   * "mysql://user@host:port/database", "postgres://...", "etcd://host:port,.../prefix", with
   * ?table=, socket=, password_file=, tls=off|require|verify (default: verify, and off on this
   * host), tls_ca=, tls_cert=, tls_key=, convention=leaf behind it. The password comes from that
   * file or from SHMFLAKE_STORE_PASSWORD, never in the URL. docs/segments.md has more. */
  const char* segment_store;

  /* In a store that hosts share: for how long no other host takes this one's worker ID after the
   * last extension of its lease, by the store's clock: 1000..172800000 ms, more than horizon_ms.
   * Whoever takes it afterwards starts above all that was granted. [region] Default: 60000, or 2 x
   * horizon_ms if that is more. */
  int64_t lease_ttl_ms;
} shmflake_options;

/* shmflake_options options = SHMFLAKE_OPTIONS_INIT; in C, then set fields. */
#define SHMFLAKE_OPTIONS_INIT                                                                      \
  {                                                                                                \
    sizeof(shmflake_options), NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
        0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0                                          \
  }

/* --------------------------------------- Open and close --------------------------------------- */

/*
 * Attaches to the region `name`, or creates it. NULL is "default"; else 1..63 of [A-Za-z0-9._-],
 * not beginning with a dot. NULL options mean all defaults. Many handles in a process are allowed.
 * Errors: all, but of the draw's only TIME_RANGE and BEFORE_EPOCH. Thread-safe; fork-safe; not
 * async-signal-safe; may block.
 */
SHMFLAKE_API int shmflake_open(const char* name, const shmflake_options* options, shmflake** out);

/* Detaches and frees. The region stays for others. NULL is allowed. No other call on the handle may
 * be under way or follow. Fork-safe: in a child it closes the child's handle only. Does not block,
 * except to join the background thread. */
SHMFLAKE_API void shmflake_close(shmflake* flake);

/*
 * Ends the region `name`: no ID is drawn from it afterwards, the unused part of its lease is given
 * back, and attached processes follow to the next region at their next shmflake_next(). The options
 * say where to look (directories); they need not repeat the settings. Errors: NOT_FOUND; those of
 * the region file and of the store; TIMEOUT. If only the store fails, or after TIMEOUT, the region
 * is retired all the same, and the next one starts at the horizon.
 * Thread-safe; fork-safe; not async-signal-safe; may block.
 */
SHMFLAKE_API int shmflake_retire(const char* name, const shmflake_options* options);

/* ------------------------------------------ The draw ------------------------------------------ */

/*
 * Draws one ID. Waits (asleep) at most options.wait_timeout_ms when the sequence is used up, the
 * clock is behind, or the lease cannot be extended; extends the lease when more than half of it is
 * used; follows a retired region. Errors: NULL_ARGUMENT; EXHAUSTED, CLOCK_BEHIND, CLOCK_JUMP,
 * TIME_RANGE; CEILING and those of the store; REGION_LOST, and those of open when it follows a
 * retired region. Thread-safe; fork-safe; not async-signal-safe; may block.
 */
SHMFLAKE_API int shmflake_next(shmflake* flake, uint64_t* id);

/*
 * Draws one ID or fails at once. It does not extend the lease (see CAVEATS) nor follow a retired
 * region. Errors: NULL_ARGUMENT; EXHAUSTED, CLOCK_BEHIND, CLOCK_JUMP, TIME_RANGE; CEILING; RETIRED,
 * REGION_LOST. Thread-safe; fork-safe; async-signal-safe; never blocks. errno is preserved.
 */
SHMFLAKE_API int shmflake_try_next(shmflake* flake, uint64_t* id);

/*
 * Draws one ID, but fails with WOULD_WAIT, and draws nothing, where shmflake_next() would sleep, ask
 * the store or follow a retired region, or would fail. For a caller that holds something while it
 * draws, as the lock of an interpreter: after WOULD_WAIT it lets go of that and calls
 * shmflake_next(), which then also extends the lease in good time, as shmflake_try_next() never
 * does. Errors: NULL_ARGUMENT; WOULD_WAIT. Thread-safe; fork-safe; async-signal-safe; never blocks.
 */
SHMFLAKE_API int shmflake_next_nowait(shmflake* flake, uint64_t* id);

/*
 * Draws n >= 1 IDs into ids[0..n-1], ascending. *filled (may be NULL) tells how many are valid,
 * also when the call fails: those were drawn and are the caller's. Otherwise as shmflake_next;
 * wait_timeout_ms counts for the whole call. Errors: also COUNT.
 */
SHMFLAKE_API int shmflake_next_n(shmflake* flake, uint64_t* ids, size_t n, size_t* filled);

/*
 * Draws a block: *count contiguous IDs, *first, *first + 1 ... in one atomic step. 1 <= *count <=
 * want; a block does not cross a tick, so *count is often less than what was wanted. Otherwise as
 * shmflake_next. Errors: also COUNT; LAYOUT when the worker ID is behind the sequence.
 */
SHMFLAKE_API int shmflake_next_block(shmflake* flake, uint64_t want, uint64_t* first,
                                     uint64_t* count);

/*
 * Causality across hosts (hybrid logical clock, Kulkarni et al. 2014): after it returns 0, every ID
 * that is drawn from this region has a larger timestamp than `id`, hence is larger, whichever
 * worker issued `id`. In relaxed ordering that holds for this handle; others may still have IDs of
 * an earlier block. Errors: NULL_ARGUMENT; ID (has the sign bit); TOO_FAR_AHEAD (further ahead of
 * the clock than max_backward_ms; nothing is changed); CLOCK_JUMP, RETIRED, REGION_LOST.
 * Thread-safe; fork-safe; async-signal-safe; never blocks.
 */
SHMFLAKE_API int shmflake_observe(shmflake* flake, uint64_t id);

/*
 * The region's last ID: in strict ordering every later draw from it is larger.
 * Errors: NULL_ARGUMENT; RETIRED, REGION_LOST; in relaxed ordering OPTION, since processes hold
 * blocks. Thread-safe; fork-safe; async-signal-safe; never blocks.
 */
SHMFLAKE_API int shmflake_watermark(shmflake* flake, uint64_t* id);

/* -------------------------------------- UUIDv7 and ULID --------------------------------------- */

/*
 * Draws a UUIDv7 (RFC 9562, section 5.7), 16 bytes in network order. In bytewise order it is larger
 * than every UUIDv7 whose draw from this region ended before, in every process and either ordering:
 * 48 bits of Unix milliseconds are followed by a 16-bit counter (rand_a and the upper 4 bits of
 * rand_b; section 6.2, method 1), seeded at random in each millisecond, carried into the next one
 * when it rolls over, and kept above what was issued when the clock is set back or the region is
 * lost. The other 58 bits are cryptographically random, never shared with a forked child. Two hosts
 * are told apart by those 58 bits and the counter, not by a worker ID. The timestamp lasts until
 * the year 6429. It waits, extends the lease and follows as shmflake_next(), whose errors it has.
 * Thread-safe; fork-safe; not async-signal-safe; may block.
 */
SHMFLAKE_API int shmflake_uuid7(shmflake* flake, unsigned char out[16]);

/* Draws n >= 1 of them, ascending. *filled (may be NULL) tells how many are valid, also when the
 * call fails. Errors: also COUNT. Otherwise as shmflake_uuid7. */
SHMFLAKE_API int shmflake_uuid7_n(shmflake* flake, unsigned char (*out)[16], size_t n,
                                  size_t* filled);

/*
 * Draws a ULID (github.com/ulid/spec) from the same counter, 26 characters of Crockford's base32
 * and a NUL: 48 bits of Unix milliseconds, the 16-bit counter, 64 random bits. ULIDs and UUIDv7s
 * ascend in one common order of time and counter. Otherwise as shmflake_uuid7.
 */
SHMFLAKE_API int shmflake_ulid(shmflake* flake, char out[27]);

/* The same, but as shmflake_next_nowait() does it. There is no shmflake_try_uuid7(): random bits are
 * not async-signal-safe. Errors: NULL_ARGUMENT; WOULD_WAIT. Thread-safe; fork-safe; not
 * async-signal-safe; never blocks. */
SHMFLAKE_API int shmflake_uuid7_nowait(shmflake* flake, unsigned char out[16]);
SHMFLAKE_API int shmflake_ulid_nowait(shmflake* flake, char out[27]);

/* ----------------------------------------- Arithmetic ----------------------------------------- */

typedef struct shmflake_parts {
  int64_t unix_ms;        /* the tick's beginning, Unix milliseconds, rounded down */
  int64_t unix_ns;        /* the same in nanoseconds; INT64_MAX when it does not fit (after 2262) */
  uint64_t timestamp;     /* ticks since the epoch */
  uint64_t sequence;      /* 0..2^sequence_bits - 1 */
  uint32_t worker_id;     /* datacenter_id << machine_bits | machine_id */
  uint32_t datacenter_id; /* the worker ID's upper part */
  uint32_t machine_id;    /* its lower machine_bits */
  uint32_t reserved;      /* 0 */
} shmflake_parts;

/* Takes an ID of this region's layout apart (any worker's). Errors: NULL_ARGUMENT; ID (has the sign
 * bit). Thread-safe, fork-safe, async-signal-safe; never blocks. */
SHMFLAKE_API int shmflake_decode(const shmflake* flake, uint64_t id, shmflake_parts* out);

/* The lowest and the highest ID that can bear the tick of the instant, any worker's, for range
 * queries: "created between a and b" is `id >= lowest(a) AND id <= highest(b)`. Errors:
 * NULL_ARGUMENT; INSTANT. Thread-safe, fork-safe, async-signal-safe; never blocks. */
SHMFLAKE_API int shmflake_bounds(const shmflake* flake, int64_t unix_ms, uint64_t* lowest,
                                 uint64_t* highest);

/* -------------------------------------- Layouts by name --------------------------------------- */

/* The ID layouts that other systems made known: default (this library's), twitter, discord,
 * instagram, mastodon, sonyflake, leaf, baidu, mid, tsid, and js53, which stays within JavaScript's
 * safe integers. options.layout makes a region of one. */
typedef struct shmflake_layout_info {
  size_t struct_size; /* sizeof(shmflake_layout_info) */
  char name[16];
  char about[192];       /* whose it is, how long it lasts, what it gives up */
  int64_t epoch_ms;      /* Unix ms of timestamp 0 */
  int64_t until_unix_ms; /* the first instant that it has no timestamp for */
  uint32_t id_bits;      /* 63, or 53 */
  uint32_t timestamp_bits, datacenter_bits, machine_bits, sequence_bits;
  uint32_t tick_us;
  uint32_t worker_last; /* 0: timestamp, worker ID, sequence; 1: timestamp, sequence, worker ID */
  uint32_t reserved;    /* 0 */
} shmflake_layout_info;

/* The layouts, from index 0 on. Errors: NULL_ARGUMENT; STRUCT_SIZE; NOT_FOUND past the last one.
 * Thread-safe, fork-safe, not async-signal-safe; never blocks. */
SHMFLAKE_API int shmflake_layout(size_t index, shmflake_layout_info* out);

/* As shmflake_decode(), for an ID of a layout by name with that layout's epoch, without a region.
 * Errors: NULL_ARGUMENT; LAYOUT (its message has the names); ID (more bits than the layout has).
 * Thread-safe, fork-safe, not async-signal-safe; never blocks. */
SHMFLAKE_API int shmflake_decode_layout(const char* layout, uint64_t id, shmflake_parts* out);

/* ---------------------------------------- IDs as text ----------------------------------------- */

/* How a 64-bit ID, 0..2^64 - 1, is written. All but decimal have a fixed width, so that the texts
 * sort bytewise as the IDs do, and are read with fewer digits, too. */
enum {
  SHMFLAKE_FORM_DECIMAL = 1,    /* 1..20 digits, without leading zeros */
  SHMFLAKE_FORM_HEX = 2,        /* 16: 0-9a-f; read in either case */
  SHMFLAKE_FORM_BASE36 = 3,     /* 13: 0-9a-z; read in either case */
  SHMFLAKE_FORM_BASE58 = 4,     /* 11: Bitcoin's 1-9A-HJ-NP-Za-km-z */
  SHMFLAKE_FORM_BASE62 = 5,     /* 11: 0-9A-Za-z */
  SHMFLAKE_FORM_CROCKFORD32 = 6 /* 13: 0-9A-Z without I, L, O, U, as TSIDs; read as Crockford says:
                                    either case, I and L as 1, O as 0, single hyphens skipped */
};

/* Bytes that every text below fits in, with its NUL. */
#define SHMFLAKE_TEXT_SIZE 40

/*
 * Writes the ID and a NUL into text[0..size-1]. Errors: NULL_ARGUMENT; FORM; BUFFER, whose message
 * says how many bytes are needed. Thread-safe, fork-safe, async-signal-safe; never blocks. So are
 * all functions of this section.
 */
SHMFLAKE_API int shmflake_format(uint64_t id, int form, char* text, size_t size);

/*
 * Reads a text that is one ID in that form and nothing else: no sign, no space, nothing behind it.
 * Errors: NULL_ARGUMENT; FORM; TEXT (empty, too long, 2^64 or more, or a foreign character: the
 * message has it, and its position from 1).
 */
SHMFLAKE_API int shmflake_parse(const char* text, int form, uint64_t* id);

/* A UUID of any version (RFC 9562): 8-4-4-4-12 hex digits in lower case; read in either case.
 * Errors: NULL_ARGUMENT; of parse also TEXT. */
SHMFLAKE_API int shmflake_format_uuid(const unsigned char uuid[16], char text[37]);
SHMFLAKE_API int shmflake_parse_uuid(const char* text, unsigned char uuid[16]);

/* A ULID: 26 digits 0-9A-Z without I, L, O, U; read in either case, I and L as 1, O as 0. Larger
 * ones than 7ZZZZZZZZZZZZZZZZZZZZZZZZZ are refused. Errors: NULL_ARGUMENT; of parse also TEXT. */
SHMFLAKE_API int shmflake_format_ulid(const unsigned char ulid[16], char text[27]);
SHMFLAKE_API int shmflake_parse_ulid(const char* text, unsigned char ulid[16]);

/* ----------------------------------------- Hidden IDs ----------------------------------------- */

/*
 * A keyed permutation of 0..2^63 - 1, for IDs that the public sees: without the key they tell
 * neither how many there are, nor their order, time or worker. The masked ID is again of 63 bits,
 * whatever the layout (a "js53" ID does not stay within 53), unique as the ID is, and unmasks to it
 * under the same 16 bytes, which should be random (getrandom) and secret. It is Speck64/128 with
 * cycle walking, the same on every host and in every version.
 * It is no access control: equal IDs mask equal under one key, every number unmasks to something,
 * and whoever has the key can read all of them. A new key needs the old one for the IDs that are
 * out: keep a key's number beside them. docs/mask.md has more.
 * Errors: NULL_ARGUMENT; ID (has the sign bit). Thread-safe, fork-safe, async-signal-safe; never
 * blocks. Constant-time but for the number of steps, which depends on key and ID.
 */
SHMFLAKE_API int shmflake_mask(const unsigned char key[16], uint64_t id, uint64_t* masked);
SHMFLAKE_API int shmflake_unmask(const unsigned char key[16], uint64_t masked, uint64_t* id);

/* ------------------------------------------ Segments ------------------------------------------ */

/*
 * Dense IDs, 1, 2, 3 ..., from a row in a database (the segment mode of Leaf and tinyid). A segment
 * is a range of `step` IDs that one transaction on the tag's row takes: max_id becomes max_id + n,
 * and max_id + 1 .. max_id + n are this host's. All processes of the host draw from one segment in
 * the region, so that a process that ends wastes nothing, and a thousand workers cost one round
 * trip a segment. When 10 % of it are used, the next one is fetched, by the draw that passes the
 * mark; the others draw on. Of a host's IDs of a tag each is larger than those before it; IDs of
 * several hosts interleave by segments. Lost are: what is left in a region that is retired or
 * removed, and the range of a fetch whose process was killed in the middle of it.
 */

/* An opaque handle: a tag, drawn through one shmflake handle. */
typedef struct shmflake_segment shmflake_segment;

/*
 * Reserves `step` IDs of a tag that nobody was or will be given, by the application's own means:
 * *first .. *first + *count - 1, above every range before; 1 <= *count <= max_step. Returns 0, or
 * anything else and words for people in error[0..size-1]. It is called on a thread that draws (or
 * on the background thread), by one process of the host at a time as a rule, must not use the
 * handle, and should end within the handle's wait_timeout_ms. It may not fork, throw or longjmp.
 */
typedef int (*shmflake_reserve_function)(void* context, const char* tag, uint64_t step,
                                         uint64_t* first, uint64_t* count, char* error,
                                         size_t size);

typedef struct shmflake_segment_options {
  size_t struct_size; /* sizeof(shmflake_segment_options) */
  /* The store's URL. Default: options.segment_store of the handle. Not with `reserve`. */
  const char* store;
  /* SHMFLAKE_ON: a tag without a row gets one, with max_id 0 (convention=leaf: 1).
   * SHMFLAKE_OFF: TAG_UNKNOWN. Default: on for "sqlite:", else off. */
  uint32_t create;
  uint32_t prefetch_percent; /* 1..90: how much is used when the next is fetched. Default 10 */
  /* IDs of the first segment, 1..max_step. Default: the row's step, else 1000. It is doubled when a
   * segment lasted less than 15 minutes and halved when more than 30 (Leaf's rule), within
   * min_step..max_step. */
  uint64_t step;
  uint64_t min_step; /* 1..max_step. Default: step */
  uint64_t max_step; /* 1..1000000000. Default 1000000. A row with more is SHMFLAKE_E_STEP. */
  shmflake_reserve_function reserve; /* instead of a store */
  void* reserve_context;
} shmflake_segment_options;

#define SHMFLAKE_SEGMENT_OPTIONS_INIT \
  { sizeof(shmflake_segment_options), NULL, 0, 0, 0, 0, 0, NULL, NULL }

/*
 * Opens a tag: 1..64 bytes of UTF-8 without control characters, of which a region holds 256. The
 * first one to need it fetches a segment; while the region has IDs of the tag, the store is not
 * asked. Must be closed before `flake`. Errors: NULL_ARGUMENT, STRUCT_SIZE, OPTION, TAG, TAGS_FULL,
 * TAG_STORE, STORE_URL, STORE_PLUGIN; those of shmflake_segment_next(). Thread-safe; fork-safe; not
 * async-signal-safe; may block.
 */
SHMFLAKE_API int shmflake_segment_open(shmflake* flake, const char* tag,
                                       const shmflake_segment_options* options,
                                       shmflake_segment** out);

/* Frees; what is left of the segment stays for others. NULL is allowed. No other call on the handle
 * may be under way or follow. Fork-safe. Does not block, except until the background thread ends a
 * fetch of this handle's. */
SHMFLAKE_API void shmflake_segment_close(shmflake_segment* segment);

/*
 * Draws one ID, 1..2^63 - 1. The draw that passes the mark fetches the next segment before it
 * returns, unless this process has a background_thread, or another one that has serves the tag (past
 * half of the segment it does all the same). While IDs are left a server that does not answer holds
 * it up for 100 ms, or three times what the last fetch took, and then only one draw of the host in
 * each pause between attempts (20 ms to 2 s, growing, with jitter). With no ID left it waits for the
 * next segment until options.wait_timeout_ms of the handle; it fails at once with what time alone
 * does not mend, as a missing row or a wrong password. Errors: NULL_ARGUMENT; STORE_UNAVAILABLE,
 * STORE_DENIED, STORE_SCHEMA, STORE_LOCKED and others of the store, TAG_UNKNOWN, STEP,
 * SEGMENT_RANGE, SEGMENT_BACKWARDS, RESERVE, with the store's own words; SEGMENT_EMPTY; those of
 * open when it follows a retired region. Thread-safe; fork-safe; not async-signal-safe; may block.
 */
SHMFLAKE_API int shmflake_segment_next(shmflake_segment* segment, uint64_t* id);

/* The same, but fails with WOULD_WAIT, and draws nothing, where that one would fetch, sleep, follow
 * or fail. Errors: NULL_ARGUMENT; WOULD_WAIT. Thread-safe; fork-safe; async-signal-safe; never
 * blocks. */
SHMFLAKE_API int shmflake_segment_next_nowait(shmflake_segment* segment, uint64_t* id);

/* Draws n >= 1 IDs into ids[0..n-1], ascending, not always contiguous. *filled (may be NULL) tells
 * how many are valid, also when the call fails. wait_timeout_ms counts for the whole call. Errors:
 * also COUNT. Otherwise as shmflake_segment_next. */
SHMFLAKE_API int shmflake_segment_next_n(shmflake_segment* segment, uint64_t* ids, size_t n,
                                         size_t* filled);

typedef struct shmflake_segment_info {
  size_t struct_size; /* sizeof(shmflake_segment_info) */
  char tag[72];
  char store[16];      /* "sqlite", "mysql", "postgres", "etcd", "callback" */
  uint64_t generation; /* of the segment that is drawn from; 0: none yet */
  uint64_t first_id;   /* that segment's; 0: none yet */
  uint64_t last_id;
  uint64_t next_id;            /* the next one to be issued; 0: none is left of it */
  uint64_t remaining;          /* of it */
  uint64_t remaining_next;     /* in segments that were fetched ahead */
  uint64_t step;               /* what was asked for last; 0: nothing yet */
  int64_t last_fetch_unix_ms;  /* when the last segment came; 0: never */
  uint64_t last_fetch_us;      /* how long that took */
  uint64_t fetches;            /* segments that came */
  uint64_t fetch_failures;     /* attempts that failed */
  uint64_t fetches_unfinished; /* begun and not ended: under way, or their process was killed */
  uint64_t ids_granted;        /* in the segments that came */
  uint64_t ids_lost;           /* of those: gaps that are known of */
  int64_t next_attempt_in_ms;  /* after a failure: how long until the next attempt; else 0 */
  int32_t last_error;          /* the code of the last attempt; 0: it succeeded */
  uint32_t failures_in_row;
  char last_error_text[240];
} shmflake_segment_info;

/* A snapshot. Errors: NULL_ARGUMENT, STRUCT_SIZE. Thread-safe; fork-safe; not async-signal-safe;
 * never blocks. */
SHMFLAKE_API int shmflake_segment_status(shmflake_segment* segment, shmflake_segment_info* out);

/* The region's tags, from index 0 on, in no order. Errors: NULL_ARGUMENT, STRUCT_SIZE; NOT_FOUND
 * past the last one. Otherwise as shmflake_segment_status. */
SHMFLAKE_API int shmflake_segment_at(shmflake* flake, size_t index, shmflake_segment_info* out);

/*
 * Makes the tables of a store, those that are missing: for an operator, before the first use. NULL
 * `url`: that of options.store if hosts share it, then that of options.segment_store if it is given or
 * there was none. The options say where to look for settings and how long to wait. Errors: those of
 * the caller, of the configuration and of the store. Thread-safe; fork-safe; not async-signal-safe;
 * may block.
 */
SHMFLAKE_API int shmflake_store_init(const char* url, const shmflake_options* options);

/* --------------------------------- Leases, for an operator ------------------------------------ */

/* A worker ID's record in the store of a namespace. */
typedef struct shmflake_lease {
  uint32_t worker_id;
  uint32_t held;           /* 1: a region has it, or had it and never ended */
  uint64_t instance_id;    /* that region's; 0: none */
  int64_t horizon_unix_ms; /* all that was ever granted lies before this instant */
  /* Until another host may take it, by the store's clock; 0 or less: now; INT64_MAX: the store keeps
   * no time to live (sqlite). */
  int64_t ttl_ms;
  int64_t updated_unix_ms; /* when the record was written last, by the store's clock */
  uint32_t this_host;      /* 1: its last holder was a region of this state directory */
  uint32_t is_free;        /* 1: nobody holds it, or its holder's time to live has ended */
  char region[64];         /* of the last holder */
  char host[72];
} shmflake_lease;

/*
 * The worker IDs that were ever leased in the namespace of the region `name`, ascending. Writes at
 * most `capacity` entries; *count is how many there are. The settings are those of shmflake_open();
 * what they leave open is taken from the region, if there is one. Errors: NULL_ARGUMENT; those of
 * the configuration and of the store; NOT_FOUND when a store that hosts share does not know the
 * namespace.
 * Thread-safe; fork-safe; not async-signal-safe; may block.
 */
SHMFLAKE_API int shmflake_leases(const char* name, const shmflake_options* options,
                                 shmflake_lease* out, size_t capacity, size_t* count);

/*
 * Ends whoever holds the worker ID, so that it can be leased at once: for a host that is gone. It is
 * safe also if that host is not: its region draws up to its ceiling, then leases anew; the next holder
 * starts above. Errors: NOT_FOUND when it was never leased; otherwise as shmflake_leases.
 */
SHMFLAKE_API int shmflake_lease_free(const char* name, const shmflake_options* options,
                                     uint32_t worker_id);

/*
 * An orderly end of this host: retires the region `name`, which gives the unused part of its lease
 * back; or, where the region is gone already, ends the lease that it left in the store. Errors:
 * NOT_FOUND when there is neither; WORKER_HELD when processes still draw from a region that was
 * removed; otherwise as shmflake_retire and shmflake_leases.
 */
SHMFLAKE_API int shmflake_lease_release(const char* name, const shmflake_options* options);

/* ----------------------------------- For people and metrics ----------------------------------- */

/* status_info.worker_id_source: where the worker ID came from. */
enum {
  SHMFLAKE_SOURCE_OPTION = 1,
  SHMFLAKE_SOURCE_ENVIRONMENT = 2,
  SHMFLAKE_SOURCE_CONFIG_FILE = 3,
  SHMFLAKE_SOURCE_LEASE = 4,
  SHMFLAKE_SOURCE_STATEFULSET = 5,
  SHMFLAKE_SOURCE_HOST_ADDRESS = 6 /* not guaranteed unique */
};

enum {
  SHMFLAKE_STORE_NONE = 1,
  SHMFLAKE_STORE_SQLITE = 2,
  SHMFLAKE_STORE_MYSQL = 3,
  SHMFLAKE_STORE_POSTGRES = 4,
  SHMFLAKE_STORE_ETCD = 5
};

typedef struct shmflake_status_info {
  size_t struct_size; /* sizeof(shmflake_status_info) */

  /* Fixed when the region was created. */
  char name[64];
  char id_namespace[64];
  char path[256]; /* the region file, cut to fit */
  uint64_t instance_id;
  int64_t created_unix_ms;
  int64_t epoch_ms;
  uint32_t layout_version; /* of the region file */
  uint32_t tick_us;
  uint32_t timestamp_bits, datacenter_bits, machine_bits, sequence_bits;
  uint32_t worker_id;
  uint32_t worker_id_source;            /* SHMFLAKE_SOURCE_* */
  char worker_id_source_name[32];       /* "environment", "host_address" ... */
  uint32_t worker_id_guaranteed_unique; /* 0 when nothing but a host address tells hosts apart */
  uint32_t survives_region_loss; /* 0 for store = "none": uniqueness then rests on the clock */
  uint32_t store;                /* SHMFLAKE_STORE_* */
  uint32_t ordering;             /* SHMFLAKE_ORDERING_* */
  uint32_t max_backward_ms;
  uint32_t horizon_ms;
  uint64_t region_size;  /* bytes */
  int64_t birth_unix_ms; /* the tick it started at: its creation, or the old horizon */

  /* Now. */
  uint32_t retired;            /* 1: no further ID comes from it */
  uint32_t lost;               /* 1: the file was removed, truncated or overwritten */
  uint64_t last_id;            /* the state word as an ID; 0 if none was drawn yet */
  int64_t last_unix_ms;        /* its timestamp */
  int64_t ahead_ms;            /* state minus clock: > 0 after a burst or a clock rollback */
  int64_t ceiling_unix_ms;     /* the first instant that may not be issued */
  int64_t ceiling_in_ms;       /* from now; negative when it is passed */
  double years_left;           /* of the timestamp's range, in years of 365.25 days */
  uint32_t clock_synchronised; /* the kernel's word: 1 yes, 0 no, 2 unknown */
  uint32_t tsc_window;         /* 1: the clock is read once a tick, the TSC in between */

  /* Counters over the region's life; they never fall. */
  uint64_t ids_issued;
  uint64_t waits;    /* calls that had to sleep */
  uint64_t refusals; /* calls that failed on the draw */
  uint64_t lease_extensions;
  uint64_t lease_failures; /* extensions that the store refused */
  uint64_t clock_rollbacks;
  uint64_t clock_forward_jumps;
  uint32_t slots;             /* in the region */
  uint32_t slots_used;        /* of living processes */
  char last_store_error[192]; /* this process's last; "" if none */

  /* Of the ID layout, fixed as well. */
  char layout[16];      /* the layout by name that it is, epoch and all; "" if none */
  uint32_t worker_last; /* 1: the worker ID is behind the sequence */
  uint32_t id_bits;     /* 63, or 53 */

  /* Of the lease. */
  int64_t lease_ttl_ms; /* in a store that hosts share, else 0 */
  char host[72];        /* this host, as the store has it */
  char store_url[256];  /* a store that hosts share, without secrets, cut to fit; else "" */
} shmflake_status_info;

/* A snapshot. Fills as much as struct_size says that there is, at least what the first version had
 * (up to last_store_error). Errors: NULL_ARGUMENT, STRUCT_SIZE. Thread-safe; fork-safe; not
 * async-signal-safe; does not wait, but makes a few system calls. */
SHMFLAKE_API int shmflake_status(shmflake* flake, shmflake_status_info* out);

typedef struct shmflake_process {
  uint32_t pid;   /* in the process's own PID namespace */
  uint32_t alive; /* 1: attached now; 0: it ended without closing */
  int64_t attached_unix_ms;
  uint64_t ids_issued; /* by this attachment */
  uint64_t waits;
  uint64_t refusals;
  char command[16];
} shmflake_process;

/* The attached processes that have a slot (one entry a handle). Writes at most `capacity` entries;
 * *count is how many there are. Errors: NULL_ARGUMENT; REGION_LOST. Thread-safe; fork-safe; not
 * async-signal-safe; does not wait, but makes a system call per slot. */
SHMFLAKE_API int shmflake_processes(shmflake* flake, shmflake_process* out, size_t capacity,
                                    size_t* count);

typedef struct shmflake_setting {
  char key[32];
  char value[256];  /* as text; "" where there is none */
  char source[256]; /* "option", "environment SHMFLAKE_DIR", "/etc/snowflake.toml:3", "default" ...
                     */
} shmflake_setting;

/* What shmflake_open() would use, setting by setting, without touching a region: for check-config.
 * Writes at most `capacity` entries; *count is how many there are. Errors: those of the caller and
 * of the configuration. Thread-safe; fork-safe; not async-signal-safe; reads files. */
SHMFLAKE_API int shmflake_settings(const char* name, const shmflake_options* options,
                                   shmflake_setting* out, size_t capacity, size_t* count);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SHMFLAKE_SHMFLAKE_H_ */
