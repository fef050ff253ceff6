# SPDX-License-Identifier: Apache-2.0
"""Flake: a handle on one region."""

from shmflake import _shmflake
from shmflake._records import Bounds, Parts, Process, to_status, to_unix_ms


class Flake(_shmflake.Flake):
    """This process's attachment to one region; shmflake.open() makes one.

        with shmflake.open("orders", worker_id=7) as flake:
            flake.next()

    All methods may be called by any threads at once, and by a child made with os.fork(): parent and
    child never get the same ID. They raise shmflake.Error, and ValueError once it is closed. A
    Flake cannot be pickled: open one in each spawned process.
    """

    __slots__ = ("__weakref__",)

    def observe(self, id):
        """Make every later ID of this region larger than `id`, whichever worker issued that.

        For causality across hosts: observe() the ID of the cause, then draw the effect's. In relaxed
        ordering it holds for this handle. Never blocks. Raises ArgumentError: TOO_FAR_AHEAD when it
        is further ahead of the clock than max_backward_ms; DrawError (CLOCK_JUMP), RegionError.
        """
        _shmflake.observe(self, id)

    def watermark(self):
        """The region's last ID: in strict ordering, every later one is larger. Never blocks.

        Raises RegionError; ArgumentError (OPTION) in relaxed ordering, where there is none.
        """
        return _shmflake.watermark(self)

    def decode(self, id):
        """Take an ID of this region's layout apart, any worker's: Parts. Never blocks.

        Raises ArgumentError (ID) for what cannot be one.
        """
        return Parts(**_shmflake.decode(self, id))

    def bounds(self, instant):
        """The lowest and the highest ID of an instant: Bounds, for range queries. Never blocks.

            WHERE id BETWEEN flake.bounds(first).lowest AND flake.bounds(last).highest

        `instant` is a datetime with a time zone (ValueError without), or Unix milliseconds. Raises
        ArgumentError (INSTANT) before the epoch and after the time range.
        """
        return Bounds(*_shmflake.bounds(self, to_unix_ms(instant)))

    def status(self):
        """A snapshot of the region: Status. Does not wait, but makes a few system calls."""
        return to_status(_shmflake.status(self))

    def processes(self):
        """The attached handles of all processes that have a slot: a list of Process."""
        return [Process(**fields) for fields in _shmflake.processes(self)]

    def __reduce__(self):
        raise TypeError("cannot pickle or copy a Flake: open() one in each process")

    def __repr__(self):
        return "<shmflake.Flake %s>" % ("closed" if self.closed else "open")


Flake.__module__ = "shmflake"
