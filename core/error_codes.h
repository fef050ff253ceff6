// SPDX-License-Identifier: Apache-2.0
// Every failure's pinned number and rule. Numbers are never changed and never reused: append.
// capi checks that shmflake.h says the same.
#ifndef SHMFLAKE_CORE_ERROR_CODES_H_
#define SHMFLAKE_CORE_ERROR_CODES_H_

// clang-format off
#define SHMFLAKE_ERROR_CODES(X) \
  X(NULL_ARGUMENT, -1, "a required pointer is NULL") \
  X(COUNT, -2, "a count is 0") \
  X(STRUCT_SIZE, -3, "struct_size is too small, or an unknown field is not 0") \
  X(NAME, -4, "a region or namespace name is not allowed") \
  X(LAYOUT, -5, "the ID layout is impossible") \
  X(WORKER_ID, -6, "the worker ID does not fit its bits") \
  X(OPTION, -7, "an option is out of its range") \
  X(ENVIRONMENT, -8, "an environment variable has a bad value") \
  X(ID, -9, "the ID cannot have come from this region") \
  X(TOO_FAR_AHEAD, -10, "observe: the ID is further ahead of the clock than max_backward_ms") \
  X(INSTANT, -11, "bounds: the instant is before the epoch or after the time range") \
  X(TEXT, -12, "the text is no ID of that form") \
  X(FORM, -13, "no such text form") \
  X(BUFFER, -14, "the buffer is too small") \
  X(CONFIG_NOT_FOUND, -20, "the file that was named cannot be read") \
  X(CONFIG_SYNTAX, -21, "not TOML") \
  X(CONFIG_KEY, -22, "an unknown key") \
  X(CONFIG_TYPE, -23, "a value of the wrong type") \
  X(CONFIG_VALUE, -24, "a value out of its range") \
  X(DIRECTORY, -30, "the region directory is missing, no directory, or unsafe") \
  X(STATE_DIRECTORY, -31, "the state directory is missing, no directory, or unsafe") \
  X(PERMISSION, -32, "the system denies access") \
  X(READ_ONLY, -33, "the file system is read-only") \
  X(NO_SPACE, -34, "no space (a full tmpfs or disk, or a quota)") \
  X(NO_MEMORY, -35, "no memory, or too many mappings") \
  X(TOO_MANY_FILES, -36, "too many open files") \
  X(SYSTEM, -37, "another system call failed; the message has its errno") \
  X(TIMEOUT, -38, "another process held a step of create or attach for too long") \
  X(NOT_FOUND, -50, "there is no region of that name, and creating was not asked for") \
  X(NOT_REGULAR, -51, "not a regular file") \
  X(SYMLINK, -52, "a symbolic link") \
  X(HARD_LINK, -53, "a file with several names") \
  X(OWNER, -54, "a file of another user") \
  X(MODE, -55, "the mode lets others in who should not be") \
  X(TRUNCATED, -56, "shorter than it says, or than any region is") \
  X(MAGIC, -57, "not a shmflake region") \
  X(OLDER_VERSION, -58, "an older layout version") \
  X(NEWER_VERSION, -59, "a newer layout version") \
  X(CHECKSUM, -60, "the header's CRC-32C is wrong") \
  X(HEADER, -61, "a header field is impossible") \
  X(FEATURES, -62, "it uses features that this library does not know") \
  X(SETTINGS_DIFFER, -63, "it was made with other settings") \
  X(SPLIT_BRAIN, -64, "processes still use a region that is not at its name any more") \
  X(STATE_CHANGED, -65, "it was made with another state directory") \
  X(REGION_LOST, -66, "the file was removed, truncated or overwritten under us") \
  X(RETIRED, -67, "the region was retired; shmflake_next() follows to the next one") \
  X(CEILING, -80, "the ceiling is reached, and the lease was not extended") \
  X(LEASE_LOST, -81, "the store gave the worker ID to another region") \
  X(RECOVERY, -82, "the old horizon is further ahead than max_recovery_ms") \
  X(WORKER_HELD, -83, "a living region has this worker ID") \
  X(STORE_UNKNOWN, -84, "no such store") \
  X(STORE_UNAVAILABLE, -85, "the store cannot be opened, read or written") \
  X(STORE_LOCKED, -86, "somebody else holds the store locked") \
  X(STORE_CORRUPT, -87, "the store is damaged") \
  X(STORE_SCHEMA, -88, "the store has a schema of another version") \
  X(STORE_LAYOUT, -89, "the store's record is of another ID layout or epoch") \
  X(STORE_REPLACED, -90, "the store is not the one this namespace was started with") \
  X(STORE_URL, -91, "the store's URL is not understood") \
  X(STORE_PLUGIN, -92, "the store's plug-in is missing, or of another version") \
  X(STORE_DENIED, -93, "the store denies access: user, password, certificate or rights") \
  X(WORKERS_EXHAUSTED, -94, "no worker ID of the namespace is free") \
  X(STORE_BACKWARDS, -95, "the store remembers less than it granted") \
  X(EXHAUSTED, -100, "the sequence is used up as far ahead as max_backward_ms allows") \
  X(CLOCK_BEHIND, -101, "the clock is behind the state word by more than max_backward_ms") \
  X(CLOCK_JUMP, -102, "the clock jumped forward by more than max_forward_ms") \
  X(TIME_RANGE, -103, "the timestamp does not fit its bits any more") \
  X(BEFORE_EPOCH, -104, "the clock is before the epoch") \
  X(WOULD_WAIT, -105, "drawing would have had to wait") \
  X(TAG, -120, "a tag must be 1..64 bytes of UTF-8 without control characters") \
  X(TAG_UNKNOWN, -121, "the store has no row for the tag, and creating one was not asked for") \
  X(TAGS_FULL, -122, "the region has no room for another tag") \
  X(TAG_STORE, -123, "the region draws the tag from another store") \
  X(STEP, -124, "the row's step is 0 or beyond the cap") \
  X(SEGMENT_RANGE, -125, "max_id is negative, or a segment above it would pass 2^63 - 1") \
  X(SEGMENT_BACKWARDS, -126, "the store grants IDs that this region was granted before") \
  X(SEGMENT_EMPTY, -127, "no ID is left, and the next segment did not come in time") \
  X(RESERVE, -128, "the reserve callback failed, or returned an impossible range")
// clang-format on

#endif  // SHMFLAKE_CORE_ERROR_CODES_H_
