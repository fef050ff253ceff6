# SPDX-License-Identifier: Apache-2.0
"""32 processes on three tags, on two hosts that share a real server: processes are killed and
replaced, the server is killed and started again, and every ID is counted."""

import contextlib
import random
import sys
import threading
import time

from segment_support import EtcdStore, MariaDbStore, PostgresStore, SegmentCase, main

PROCESSES = 32
TAGS = ("orders", "users", "invoices")
STEP = 100
SEGMENTS = 300
OUTAGES_AT_S = (2, 4.5)
LAST_S = 1.5  # after them, at least


class Storm:
    """The processes of both hosts; some are killed all the time."""

    def __init__(self, case, hosts, seed):
        self.case, self.hosts, self.random = case, hosts, random.Random(seed)
        self.drawers = {}  # (host, tag): all that ever drew
        self.living = [self.start(index) for index in range(PROCESSES)]
        self.killed = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.rage, daemon=True)

    def start(self, index):
        host, tag = index % 2, TAGS[index // 2 % len(TAGS)]
        # In bursts: several draw at once at a segment's end, and the store keeps up all the same.
        drawer = self.case.draw(tag, env=self.hosts[host], step=STEP, min_step=STEP, max_step=STEP,
                                wait_ms=30_000, pause_us=12_000, burst=5)
        self.drawers.setdefault((host, tag), []).append(drawer)
        return drawer

    def rage(self):
        while not self.over.wait(self.random.uniform(0, 0.08)):
            index = self.random.randrange(PROCESSES)
            self.living[index].kill()
            self.killed += 1
            self.living[index] = self.start(index)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class StormContract:
    url_parameters = {}

    def test_nothing_repeats_and_all_ascends_whoever_is_killed(self):
        seed = random.randrange(2**32)
        self.env["SHMFLAKE_SEGMENT_STORE"] = self.store.url(**self.url_parameters)
        hosts = [self.env, self.another_host()]
        for tag in TAGS:
            self.store.set_row(tag, 0, STEP)
        with self.subTest(seed=seed), Storm(self, hosts, seed) as storm:
            began = time.monotonic()
            for at_s in OUTAGES_AT_S:
                time.sleep(max(0, began + at_s - time.monotonic()))
                self.store.kill()
                time.sleep(0.3)
                self.store.start()
            time.sleep(LAST_S)
            self.wait_until(f"{SEGMENTS} segments are granted", lambda: sum(
                self.store.max_id(tag) for tag in TAGS) >= STEP * SEGMENTS)
        self.wait_for_draws(storm.living)  # both outages are over
        for drawer in storm.living:
            self.assertEqual((0, ""), (drawer.finish(), drawer.errors()), drawer.output())
        for drawer in self.drawers:
            self.assertEqual([], drawer.failed_calls(), drawer.stem)
        self.assertGreater(storm.killed, 30)
        segments = sum(self.count_tag(storm, tag, hosts) for tag in TAGS)
        self.assertGreater(segments, SEGMENTS * 3 / 4)  # the others are gaps, or not drawn from yet
        print(f"{self.store.server.__class__.__name__}: {storm.killed} processes killed,"
              f" {segments} segments, {sum(d.drawn() for d in self.drawers)} IDs", file=sys.stderr)

    def count_tag(self, storm, tag, hosts):
        """How many segments were drawn from."""
        max_id = self.store.max_id(tag)
        both = [drawer for host in range(2) for drawer in storm.drawers[host, tag]]
        ids = self.assert_ascending(both)
        self.assertGreaterEqual(min(ids), 1)
        self.assertLessEqual(max(ids), max_id)
        owner = {}  # of each segment that was drawn from
        for host in range(2):
            for segment in {(i - 1) // STEP for d in storm.drawers[host, tag] for i in d.ids()}:
                self.assertEqual(host, owner.setdefault(segment, host),
                                 f"both hosts drew from segment {segment} of {tag}")
        in_order = [owner[segment] for segment in sorted(owner)]
        turns = sum(one != next_one for one, next_one in zip(in_order, in_order[1:]))
        self.assertGreater(turns, 20, "the hosts' segments alternate")
        self.count_gaps(tag, hosts, ids, max_id)
        return len(owner)

    def count_gaps(self, tag, hosts, ids, max_id):
        """What the row lost is what the hosts were granted, but for fetches that were killed or whose
        outcome nobody learned."""
        granted = doubtful = 0
        for env in hosts:
            with self.on(env):
                counters = self.status(tag)["counters"]
            granted += counters["ids_granted"]
            doubtful += counters["fetches_unfinished"] + counters["fetch_failures"]
        self.assertLessEqual(len(ids), granted)
        self.assertLessEqual(granted, max_id)
        self.assertLessEqual(max_id, granted + STEP * doubtful)

    @contextlib.contextmanager
    def on(self, env):
        before, self.env = self.env, env
        try:
            yield
        finally:
            self.env = before


class MariaDbStorm(StormContract, SegmentCase):
    store_class = MariaDbStore


class PostgresStorm(StormContract, SegmentCase):
    store_class = PostgresStore
    url_parameters = {"by_socket": True}  # without a password: that is half of what a fetch costs


class EtcdStorm(StormContract, SegmentCase):
    store_class = EtcdStore


if __name__ == "__main__":
    main(beside_each_other=False)
