# SPDX-License-Identifier: Apache-2.0
"""Unique 64-bit IDs for every process on a host, out of one shared-memory file.

    >>> import shmflake
    >>> shmflake.next_id()
    779311358463836160
    >>> shmflake.uuid7()
    UUID('019aa2f0-83fc-7a51-8b0c-6a4c1d7f2e93')
    >>> shmflake.ulid()
    '01KAHF10ZW69ZX8BMJ9NJ7KWN5'

No daemon, no lock, no configuration. What is promised:

- Unique: no two calls on a region, in any thread or process of the host, or of any host with a worker
  ID of its own, get the same ID; not after kill -9, fork, a clock that was set back, or a reboot.
  Regions of different names may give equal IDs, unless they are opened with one id_namespace.
- Ordered: an ID is larger than all whose draw ended before its own began, in any process.
- Never stuck: a dead or stopped process holds nobody up, and every wait has a deadline.
- Honest: when it cannot promise uniqueness it raises shmflake.Error, which says why.

THE FUNCTIONS next_id(), uuid7() and ulid() draw from the region "default". More than one
region, or settings of its own, is what open() is for:

    with shmflake.open("orders", worker_id=7, ordering="relaxed") as flake:
        flake.next()                         # an int
        flake.next_n(1000)                   # a list
        flake.fill(array.array("q", bytes(8192)))
        for id in flake: ...                 # without end
        flake.decode(id).datetime            # when, in UTC

DENSE IDS, 1, 2, 3 ..., come from segments: ranges that the host's processes share, and take from a
store (SQLite, MariaDB or MySQL, PostgreSQL, etcd) or from a callable of yours.

    with shmflake.open() as flake, flake.segment("orders") as orders:
        orders.next_id()                     # help(shmflake.Flake.segment) has all of it

Hosts need different worker IDs: set SNOWFLAKE_WORKER_ID in their environment, or worker_id in
/etc/snowflake.toml; or let them lease one from a store that they share, store="etcd://a:2379/ids",
where leases() tells who holds which. Without, the host's address gives one, which open().status()
marks as not guaranteed unique. help(shmflake.open) has all options.

THREADS AND PROCESSES. Everything may be called from any thread. Forked children (os.fork,
multiprocessing, gunicorn --preload, celery) go on with what they inherited, without any hook; spawned
ones open their own. A single draw takes some ten nanoseconds more than a function call and holds the
GIL; where it has to wait, and for many IDs at once, the GIL is let go.

ERRORS. shmflake.Error has `code` (a Code), `name` and a message with the rule and the value.
Its classes follow the sections of the C header: ArgumentError (a ValueError), ConfigError,
SystemFailure (an OSError) with BusyError (a TimeoutError), RegionError, LeaseError (of segments, too,
the store's troubles), DrawError, SegmentError. Wrong types are TypeError, ints that do not fit
OverflowError, a closed handle is ValueError.

IN A DATABASE an ID is a BIGINT. shmflake.next_id is a default for a Django BigIntegerField or an
SQLAlchemy column as it stands, shmflake.uuid7 one for a UUIDField. JavaScript reads integers
above 2**53 wrongly: send them as text, or use layout="js53".
"""

from shmflake._codes import Code, Form, LogLevel, Ordering, Source, Store
from shmflake._errors import (ArgumentError, BusyError, ConfigError, DrawError, Error, LeaseError,
                              RegionError, SegmentError, SystemFailure)
from shmflake._flake import Flake
from shmflake._lease import lease_free, lease_release, leases
from shmflake._open import decode_layout, layouts, open, retire, settings
from shmflake._records import (Bounds, Lease, Layout, Parts, Process, SegmentStatus, Setting,
                               Status)
from shmflake._segment import Segment, store_init
from shmflake._shmflake import next_id, ulid, uuid7
from shmflake._text import (error_name, format, format_ulid, format_uuid, mask, parse, parse_ulid,
                            parse_uuid, strerror, unmask, version)

__version__ = version()

__all__ = [
    "next_id", "uuid7", "ulid",
    "open", "Flake", "Segment", "retire", "settings", "layouts", "decode_layout", "store_init",
    "leases", "lease_free", "lease_release",
    "format", "parse", "format_uuid", "parse_uuid", "format_ulid", "parse_ulid", "mask", "unmask",
    "Error", "ArgumentError", "ConfigError", "SystemFailure", "BusyError", "RegionError",
    "LeaseError", "DrawError", "SegmentError", "Code", "strerror", "error_name", "version",
    "Parts", "Bounds", "Process", "Setting", "Layout", "Status", "SegmentStatus", "Lease",
    "Form", "LogLevel", "Ordering", "Source", "Store",
]
for _name in ("open", "retire", "settings", "layouts", "decode_layout", "format", "parse",
              "format_uuid", "parse_uuid", "format_ulid", "parse_ulid", "mask", "unmask",
              "error_name", "strerror", "version", "store_init", "leases", "lease_free",
              "lease_release"):
    globals()[_name].__module__ = "shmflake"
del _name
