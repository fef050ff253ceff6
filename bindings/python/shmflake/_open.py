# SPDX-License-Identifier: Apache-2.0
"""Regions by name: open, retire, settings; and layouts."""

from shmflake import _shmflake
from shmflake._flake import Flake
from shmflake._records import Layout, Parts, Setting


def open(name=None, *, config_file=None, directory=None, state_directory=None, id_namespace=None,
         store=None, group=None, mode=None, worker_id=None, timestamp_bits=None,
         worker_id_bits=None, machine_bits=None, sequence_bits=None, tick_us=None, epoch_ms=None,
         ordering=None, max_backward_ms=None, max_forward_ms=None, max_recovery_ms=None,
         horizon_ms=None, wait_timeout_ms=None, background_thread=None, sigbus_guard=None,
         attach_only=None, log_level=None, log=None, layout=None, segment_store=None,
         lease_ttl_ms=None):
    """Attach to the region `name`, or create it: a Flake, which is a context manager.

    None is the region "default"; else 1..63 of [A-Za-z0-9._-], not beginning with a dot. An option
    that is None is looked for in the environment (SHMFLAKE_ and its name in capitals, unless given
    here), then in snowflake.toml, then has its default. [region] marks what becomes part of a new
    region: attaching with another value is RegionError (SETTINGS_DIFFER); what is said nowhere is
    taken from the region. A 0 is a value like others.

    Where things are
      config_file        the TOML file, str or path. Default: SNOWFLAKE_CONFIG, else
                         /etc/snowflake.toml if there is one
      directory          where regions lie. SHMFLAKE_DIR. Default: /dev/shm/shmflake-UID
      state_directory    where the lock file and the SQLite store lie; must outlive a reboot.
                         SHMFLAKE_STATE_DIR. Default: /var/lib/shmflake for root, else
                         ~/.local/state/shmflake
      id_namespace       what worker IDs are unique in. [region] Default: the region's name, so that
                         two regions of different names may give equal IDs
      store              who remembers horizons: "sqlite" (default), for one host; "none"; or the URL
                         of a store that hosts share, "mysql://user@host:port/database",
                         "postgres://...", "etcd://host:port,.../prefix", with the password as in
                         segment_store. [region]
      group              a group, name or number as str, whose members may attach. [region]
      mode               the region file's mode: 0o600 (default); with a group 0o640 or 0o660

    The ID [region]
      worker_id          0..2**worker_id_bits - 1. SNOWFLAKE_WORKER_ID. Default: one that is leased
                         from a store which hosts share; else the ordinal of a StatefulSet's pod,
                         else from the host's address (not guaranteed unique)
      layout             all of the following by name, see layouts(): "twitter", "js53" ...
      timestamp_bits     63 - worker_id_bits - sequence_bits, the only value; at least 20
      worker_id_bits     1..22, default 8
      machine_bits       1..worker_id_bits, default worker_id_bits - 2; the rest is the datacenter ID
      sequence_bits      1..31, default 12
      tick_us            100..1000000 microseconds, default 1000
      epoch_ms           Unix ms of timestamp 0, not after now. Default 1609459200000 (2021)

    Behaviour
      ordering           "strict" (default) or "relaxed": to one tick, faster with many processes.
                         [region]
      max_backward_ms    how far the state may run ahead of the clock, by bursts or by a clock that
                         was set back, before draws wait: 0..60000 ms. [region] Default: 10
      max_forward_ms     refuse a larger forward jump of the clock: 1..2**31-1 ms. Default: none is
      max_recovery_ms    how far ahead of the clock an old horizon may be for a new region to start
                         there: 1..2**31-1 ms, default 60000
      horizon_ms         how far ahead the lease is taken, hence the outage of the store that is
                         survived: 100..86400000 ms. [region] Default: 10000
      wait_timeout_ms    the longest that a call may wait: 1..3600000 ms. Default: 1000. A signal
                         (Ctrl-C) is handled only then
      background_thread  True: a thread of this process extends the lease and follows a retired
                         region. A forked child has none. Default: False
      sigbus_guard       False: install no SIGBUS handler. Default: True
      attach_only        True: do not create, raise RegionError (NOT_FOUND). Default: False
      log                a callable log(level, event, fields), with a LogLevel's int, a str and a dict
                         of str, for rare events (region_created, lease_extended ...). It may run on
                         the thread of any call that waits, and on the background thread; it must
                         not use the Flake that it logs for (RuntimeError). What it raises goes to
                         sys.unraisablehook. After atexit it is not called any more. Default:
                         silent; SHMFLAKE_LOG=stderr writes to standard error
      log_level          the lowest LogLevel that is passed on, default LogLevel.INFO
      segment_store      the URL of the store that segments come from, for tags that are opened
                         without one: "sqlite:" (default: segments.db in the state directory),
                         "sqlite:/path/to/file", "mysql://user@host:port/database",
                         "postgres://...", "etcd://host:port/prefix"; no password in it, but in
                         SHMFLAKE_STORE_PASSWORD or behind ?password_file=
      lease_ttl_ms       in a store that hosts share: for how long no other host takes this one's
                         worker ID after the last extension of its lease, by the store's clock:
                         1000..172800000 ms, more than horizon_ms. [region] Default: 60000, or
                         2 x horizon_ms if that is more

    Many Flakes in a process are allowed. Thread-safe; fork-safe; may wait up to wait_timeout_ms,
    without the GIL. Raises shmflake.Error of all classes, of DrawError only TIME_RANGE and
    BEFORE_EPOCH; TypeError for an unknown
    option or a wrong type, OverflowError for an int that does not fit.
    """
    options = dict(locals())
    del options["name"]
    return Flake(name, **options)


def retire(name=None, **options):
    """End the region `name`: no ID is drawn from it afterwards.

    The unused part of its lease is given back, and attached processes follow to the next region at
    their next draw. The options are those of open(); they say where to look (directory,
    state_directory), and need not repeat the settings. Raises RegionError (NOT_FOUND ...),
    LeaseError, BusyError. If only the store fails, or after BusyError, it is retired all the same.
    Thread-safe; fork-safe; may wait up to wait_timeout_ms, without the GIL.
    """
    _shmflake.retire(name, options)


def settings(name=None, **options):
    """What open() would use, setting by setting, without touching a region: a list of Setting.

    The options are those of open(). Reads files; raises ArgumentError and ConfigError.
    """
    return [Setting(**fields) for fields in _shmflake.settings(name, options)]


def layouts():
    """The ID layouts that other systems made known: a list of Layout. Never blocks."""
    return [Layout(**fields) for fields in _shmflake.layouts()]


def decode_layout(layout, id):
    """Take an ID of a layout by name apart, with that layout's epoch: Parts. Never blocks.

    Raises ArgumentError: LAYOUT, whose message has the names; ID, if it has more bits.
    """
    return Parts(**_shmflake.decode_layout(layout, id))
