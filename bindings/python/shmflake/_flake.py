# SPDX-License-Identifier: Apache-2.0
"""Flake: a handle on one region."""

from shmflake import _shmflake
from shmflake._records import (Bounds, Parts, Process, to_segment_status, to_status,
                               to_unix_ms)
from shmflake._segment import Segment


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

    def segment(self, tag, *, store=None, create=None, prefetch_percent=None, step=None,
                min_step=None, max_step=None, reserve=None):
        """Open a tag, from which dense IDs are drawn: a Segment, which is a context manager.

        `tag` is 1..64 bytes of UTF-8 without control characters; a region has room for 256. The
        first one to need it fetches a segment; while the region has IDs of the tag, the store is
        not asked.

          store             the store's URL, see open(segment_store=). Default: that option. Not
                            with reserve
          create            True: a tag without a row gets one. False: SegmentError (TAG_UNKNOWN).
                            Default: True for "sqlite:", else False
          prefetch_percent  how much of a segment is used when the next is fetched: 1..90,
                            default 10
          step              IDs of the first segment: 1..max_step. Default: the row's step, else
                            1000. It is doubled when a segment lasted less than 15 minutes and
                            halved when more than 30
          min_step          1..max_step. Default: step
          max_step          1..1000000000, default 1000000. A row with more is SegmentError (STEP)
          reserve           instead of a store, a callable reserve(tag, step) that reserves `step`
                            IDs which nobody was or will be given, above all before, by means of
                            its own, and returns (first, count) or a range. It may run on any
                            thread that draws, and on the background thread; by one process of the
                            host at a time as a rule. What it raises becomes SegmentError (RESERVE)
                            with that as __cause__, or is tried again; KeyboardInterrupt and the
                            like are passed on. It should end within wait_timeout_ms, and must use
                            neither this Flake nor its Segments (RuntimeError), nor fork. After
                            atexit it is not called any more

        The Segment is closed with the Flake at the latest, and keeps it alive. Thread-safe;
        fork-safe; may wait up to wait_timeout_ms, without the GIL. Raises SegmentError: TAG,
        TAGS_FULL, TAG_STORE and what next_id() does; ArgumentError (OPTION); LeaseError:
        STORE_URL, STORE_PLUGIN and the store's own words.
        """
        return Segment(self, tag, store=store, create=create, prefetch_percent=prefetch_percent,
                       step=step, min_step=min_step, max_step=max_step, reserve=reserve)

    def segments(self):
        """The region's tags, in no order: a list of SegmentStatus. Never blocks."""
        return [to_segment_status(fields) for fields in _shmflake.segments(self)]

    def __reduce__(self):
        raise TypeError("cannot pickle or copy a Flake: open() one in each process")

    def __repr__(self):
        return "<shmflake.Flake %s>" % ("closed" if self.closed else "open")


Flake.__module__ = "shmflake"
