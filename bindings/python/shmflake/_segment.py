# SPDX-License-Identifier: Apache-2.0
"""Segment: a tag that dense IDs are drawn from."""

from shmflake import _shmflake
from shmflake._records import to_segment_status


class Segment(_shmflake.Segment):
    """A tag of a region, from which dense IDs are drawn; Flake.segment() makes one.

        with flake.segment("orders") as orders:
            orders.next_id()   # 1, 2, 3 ... over all processes of the host

    A segment is a range of IDs that the host's processes share. The next one is taken from the store
    ahead of time, so that IDs go on while the store is away. IDs ascend within the host as long as
    the store's ranges do; after a crash some are left out, none comes twice.

    All methods may be called by any threads at once, and by a child made with os.fork(). They raise
    shmflake.Error, and ValueError once it, or its Flake, is closed. A Segment cannot be pickled.
    """

    __slots__ = ("__weakref__",)

    def status(self):
        """A snapshot of the tag: SegmentStatus. Never blocks."""
        return to_segment_status(_shmflake.segment_status(self))

    def __reduce__(self):
        raise TypeError("cannot pickle or copy a Segment: open one in each process")

    def __repr__(self):
        return "<shmflake.Segment %r %s>" % (self.tag, "closed" if self.closed else "open")


Segment.__module__ = "shmflake"


def store_init(url=None, **options):
    """Make the tables of a store, those that are missing: for an operator, before the first use.

    They are for segments and, in a store that hosts share, for leases of worker IDs. `url` is the
    store's; None for the option store if hosts share it, then segment_store if it is given or there
    was none. The options are those of open(); they say where to look (config_file, state_directory)
    and how long to wait (wait_timeout_ms). "sqlite:" needs none of this. Raises SegmentError,
    LeaseError with the store's own words, ArgumentError, ConfigError. Thread-safe; fork-safe; may
    wait up to wait_timeout_ms, without the GIL.
    """
    _shmflake.store_init(url, options)
