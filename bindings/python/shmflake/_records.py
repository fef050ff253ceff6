# SPDX-License-Identifier: Apache-2.0
"""What the library tells, as named tuples with the header's names."""

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from shmflake._codes import Code, Ordering, Source, Store

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NO_UNIX_NS = 2**63 - 1


def to_datetime(unix_ms):
    """The instant with the time zone UTC; OverflowError outside of the years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=unix_ms)


def to_unix_ms(instant):
    """From a datetime with a time zone, rounded down, or from Unix milliseconds as an int."""
    if not isinstance(instant, datetime):
        return instant
    if instant.utcoffset() is None:
        raise ValueError("a datetime must have a time zone: %r" % instant)
    return (instant - _EPOCH) // timedelta(milliseconds=1)


class Parts(NamedTuple):
    """An ID, taken apart."""

    unix_ms: int        # the tick's beginning, Unix milliseconds, rounded down
    unix_ns: int        # the same in nanoseconds; 2**63 - 1 when it does not fit (after 2262)
    timestamp: int      # ticks since the epoch
    sequence: int       # 0..2**sequence_bits - 1
    worker_id: int      # datacenter_id << machine_bits | machine_id
    datacenter_id: int  # the worker ID's upper part
    machine_id: int     # its lower machine_bits

    @property
    def datetime(self):
        """The tick's beginning with the time zone UTC, to the microsecond.

        OverflowError outside of the years 1 to 9999.
        """
        if self.unix_ns == _NO_UNIX_NS:
            return to_datetime(self.unix_ms)
        return _EPOCH + timedelta(microseconds=self.unix_ns // 1000)


class Bounds(NamedTuple):
    """The lowest and the highest ID of an instant, any worker's."""

    lowest: int
    highest: int


class Process(NamedTuple):
    """An attached handle of some process that has a slot in the region."""

    pid: int               # in the process's own PID namespace
    alive: bool            # attached now; False: it ended without closing
    attached_unix_ms: int
    ids_issued: int        # by this attachment
    waits: int
    refusals: int
    command: str

    @property
    def attached(self):
        """attached_unix_ms as a datetime with the time zone UTC."""
        return to_datetime(self.attached_unix_ms)


class Setting(NamedTuple):
    """One setting that open() would use."""

    key: str
    value: str   # "" where there is none
    source: str  # "option", "environment SHMFLAKE_DIR", "/etc/snowflake.toml:3", "default" ...


class Layout(NamedTuple):
    """An ID layout by name."""

    name: str
    about: str            # whose it is, how long it lasts, what it gives up
    epoch_ms: int         # Unix ms of timestamp 0
    until_unix_ms: int    # the first instant that it has no timestamp for
    id_bits: int          # 63, or 53
    timestamp_bits: int
    datacenter_bits: int
    machine_bits: int
    sequence_bits: int
    tick_us: int
    worker_last: bool     # the worker ID is behind the sequence


class Status(NamedTuple):
    """A snapshot of a region, for people and metrics. Counters never fall over its life."""

    name: str
    id_namespace: str
    path: str                 # the region file, cut to fit
    instance_id: int
    created_unix_ms: int
    epoch_ms: int
    layout_version: int       # of the region file
    tick_us: int
    timestamp_bits: int
    datacenter_bits: int
    machine_bits: int
    sequence_bits: int
    worker_id: int
    worker_id_source: Source
    worker_id_source_name: str
    worker_id_guaranteed_unique: bool  # False: nothing but a host address tells hosts apart
    survives_region_loss: bool         # False for store="none"
    store: Store
    ordering: Ordering
    max_backward_ms: int
    horizon_ms: int
    region_size: int          # bytes
    birth_unix_ms: int        # the tick it started at: its creation, or the old horizon
    retired: bool             # no further ID comes from it
    lost: bool                # the file was removed, truncated or overwritten
    last_id: int              # 0 if none was drawn yet
    last_unix_ms: int
    ahead_ms: int             # state minus clock: > 0 after a burst or a clock rollback
    ceiling_unix_ms: int      # the first instant that may not be issued
    ceiling_in_ms: int        # from now; negative when it is passed
    years_left: float         # of the timestamp's range
    clock_synchronised: int   # the kernel's word: 1 yes, 0 no, 2 unknown
    tsc_window: bool          # the clock is read once a tick, the TSC in between
    ids_issued: int
    waits: int                # calls that had to sleep
    refusals: int             # calls that failed on the draw
    lease_extensions: int
    lease_failures: int       # extensions that the store refused
    clock_rollbacks: int
    clock_forward_jumps: int
    slots: int                # in the region
    slots_used: int           # of living processes
    last_store_error: str     # this process's last; "" if none
    layout: str               # the layout by name that it is; "" if none
    worker_last: bool         # the worker ID is behind the sequence
    id_bits: int              # 63, or 53
    lease_ttl_ms: int         # in a store that hosts share, else 0
    host: str                 # this host, as the store has it
    store_url: str            # a store that hosts share, without secrets, cut to fit; else ""

    @property
    def created(self):
        """created_unix_ms as a datetime with the time zone UTC."""
        return to_datetime(self.created_unix_ms)

    @property
    def last(self):
        """last_unix_ms as a datetime with the time zone UTC."""
        return to_datetime(self.last_unix_ms)

    @property
    def ceiling(self):
        """ceiling_unix_ms as a datetime with the time zone UTC."""
        return to_datetime(self.ceiling_unix_ms)


class Lease(NamedTuple):
    """A worker ID's record in the store of a namespace."""

    worker_id: int
    held: bool            # a region has it, or had it and never ended
    instance_id: int      # that region's; 0: none
    horizon_unix_ms: int  # all that was ever granted lies before this instant
    ttl_ms: int           # until another host may take it, by the store's clock: 0 or less: now;
                          # 2**63 - 1: the store keeps no time to live ("sqlite")
    updated_unix_ms: int  # when the record was written last, by the store's clock
    this_host: bool       # its last holder was a region of this state directory
    is_free: bool         # nobody holds it, or its holder's time to live has ended
    region: str           # of the last holder
    host: str

    @property
    def horizon(self):
        """horizon_unix_ms as a datetime with the time zone UTC."""
        return to_datetime(self.horizon_unix_ms)

    @property
    def updated(self):
        """updated_unix_ms as a datetime with the time zone UTC."""
        return to_datetime(self.updated_unix_ms)


class SegmentStatus(NamedTuple):
    """A snapshot of a tag, for people and metrics. Counters never fall over the region's life."""

    tag: str
    store: str                # "sqlite", "mysql", "postgres", "etcd", "callback"
    generation: int           # of the segment that is drawn from; 0: none yet
    first_id: int             # that segment's; 0: none yet
    last_id: int
    next_id: int              # the next one to be issued; 0: none is left of it
    remaining: int            # of it
    remaining_next: int       # in segments that were fetched ahead
    step: int                 # what was asked for last; 0: nothing yet
    last_fetch_unix_ms: int   # when the last segment came; 0: never
    last_fetch_us: int        # how long that took
    fetches: int              # segments that came
    fetch_failures: int       # attempts that failed
    fetches_unfinished: int   # begun and not ended: under way, or their process was killed
    ids_granted: int          # in the segments that came
    ids_lost: int             # of those: gaps that are known of
    next_attempt_in_ms: int   # after a failure: how long until the next attempt; else 0
    last_error: Code          # of the last attempt; Code.OK: it succeeded
    failures_in_row: int
    last_error_text: str

    @property
    def last_fetch(self):
        """last_fetch_unix_ms as a datetime with the time zone UTC; None: never."""
        return to_datetime(self.last_fetch_unix_ms) if self.last_fetch_unix_ms else None


def to_segment_status(fields):
    """From the native module's dict."""
    if fields["last_error"] in Code.__members__.values():  # a newer library may have another one
        fields["last_error"] = Code(fields["last_error"])
    return SegmentStatus(**fields)


def to_status(fields):
    """From the native module's dict."""
    kinds = (("worker_id_source", Source), ("store", Store), ("ordering", Ordering))
    for field, kind in kinds:
        if fields[field] in kind.__members__.values():  # a newer region may have another one
            fields[field] = kind(fields[field])
    return Status(**fields)


for _class in (Parts, Bounds, Process, Setting, Layout, Status, SegmentStatus, Lease):
    _class.__module__ = "shmflake"
