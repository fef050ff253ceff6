# SPDX-License-Identifier: Apache-2.0
"""Leases in a real etcd: what is kept, for how long, for whom, and who is let in."""

import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "process"))
from command_support import main  # noqa: E402
from etcd_fakes import TXN, FakeServer, answer, descriptors, forward  # noqa: E402
from etcd_leases import (FORMAT, IDENTITY, KEPT, acquire, directory, extend, lease, read,  # noqa: E402
                         release, times_to_live, worker_key)
from etcd_plugin import CORRUPT, DENIED, LOCKED, UNAVAILABLE, StoreError, init  # noqa: E402
from etcd_server import Certificates, Etcd  # noqa: E402
from etcd_store_test import StoreTest  # noqa: E402

NAMESPACE = (IDENTITY, FORMAT)
TEXTS = {"owner": "uid 7 of a", "region": "orders", "host": "h\u00f6st-1"}
WAIT_SECONDS = 30


class LeaseTest(StoreTest):
    @classmethod
    def setUpClass(cls):
        cls.etcd = Etcd().start()
        cls.addClassCleanup(cls.etcd.close)
        cls.url = cls.etcd.url()

    def setUp(self):
        self.etcd.request("/v3/kv/deleterange", {"key": "AA==", "range_end": "AA=="})

    def refused(self, code, *words, call=acquire, **arguments):
        if call is acquire:
            arguments = {"worker_id": 3, "holder": 7, **arguments}
        return self.assert_refused(code, *words, call=call, **{"url": self.url, **arguments})

    def revision(self):
        return self.etcd.request("/v3/kv/range", {"key": "AA=="})["header"]["revision"]

    def record(self, worker_id, url=None):
        """As it is read: what a write gave."""
        _, (found,) = read(url or self.url, worker_id)
        return {name: found[name] for name in KEPT}

    def wait_until(self, what, true):
        end = time.monotonic() + WAIT_SECONDS
        while not true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)


class LifeTest(LeaseTest):
    def test_a_worker_id_is_acquired_extended_released_and_acquired_again(self):
        self.assertEqual((("", ""), []), read(self.url))
        self.assertEqual(100, acquire(self.url, 3, -7, texts=TEXTS))
        one = {"worker_id": 3, "base": 0, "horizon": 100, "holder": -7, **TEXTS}
        self.assertEqual(one, self.record(3))
        self.assertEqual(200, extend(self.url, 3, -7))
        self.assertEqual({**one, "horizon": 200}, self.record(3))
        self.assertTrue(release(self.url, 3, -7, 150))
        self.assertEqual({**one, "horizon": 150, "holder": 0}, self.record(3))
        self.assertEqual(0, read(self.url, 3)[1][0]["ttl_ms"])
        self.assertEqual(250, acquire(self.url, 3, 8))
        self.assertEqual({"worker_id": 3, "base": 150, "horizon": 250, "holder": 8, "owner": "",
                          "region": "", "host": ""}, self.record(3))
        self.assertEqual(NAMESPACE, read(self.url)[0])

    def test_who_is_declined_changes_nothing(self):
        acquire(self.url, 3, 7)
        before = self.revision(), times_to_live(self.etcd)
        self.assertIsNone(acquire(self.url, 3, 8))
        self.assertIsNone(extend(self.url, 3, 8))
        self.assertFalse(release(self.url, 3, 8, 1))
        self.assertEqual(before, (self.revision(), times_to_live(self.etcd)))

    def test_the_end_of_a_time_to_live_leaves_the_record_and_its_holder(self):
        acquire(self.url, 3, 7, ttl_ms=1, texts=TEXTS)
        before = self.record(3)
        self.assertGreater(read(self.url, 3)[1][0]["ttl_ms"], 0)
        self.wait_until("the holder's key does not go",
                        lambda: self.etcd.get(worker_key("holders", 3)) is None)
        self.assertEqual(before, self.record(3))
        for worker_id in (3, -1):
            self.assertEqual(0, read(self.url, worker_id)[1][0]["ttl_ms"])
        # Its holder comes back first, or somebody else does; above the horizon both ways.
        self.assertEqual(200, extend(self.url, 3, 7, ttl_ms=1))
        self.assertIsNone(acquire(self.url, 3, 8))
        self.wait_until("the holder's key does not go",
                        lambda: self.etcd.get(worker_key("holders", 3)) is None)
        self.assertEqual(300, acquire(self.url, 3, 8))
        self.assertEqual(200, self.record(3)["base"])
        self.assertIsNone(extend(self.url, 3, 7))

    def test_a_time_to_live_is_rounded_up_to_seconds(self):
        for ttl_ms, kept in [(1, 1000), (1000, 1000), (1001, 2000), (59999, 60000), (2**62, 9 * 10**12)]:
            acquire(self.url, 3, 7, ttl_ms=ttl_ms)
            self.assertEqual(str(kept), json.loads(self.etcd.get(worker_key("holders", 3)))["ttl_ms"])

    def test_a_write_ends_the_time_to_live_before_it_and_no_other(self):
        acquire(self.url, 4, 9)
        other = times_to_live(self.etcd)
        for call in (acquire, extend, extend):
            before = times_to_live(self.etcd) - other
            call(self.url, 3, 7)
            after = times_to_live(self.etcd) - other
            self.assertEqual((1, set()), (len(after), before & after))
        release(self.url, 3, 7, 100)
        self.assertEqual(other, times_to_live(self.etcd))
        self.assertIsNone(self.etcd.get(worker_key("holders", 3)))
        self.assertGreater(read(self.url, 4)[1][0]["ttl_ms"], 0)

    def test_of_up_to_16_holders_what_is_left_is_asked(self):
        for worker_id in range(16):
            acquire(self.url, worker_id, 7)
        time.sleep(1.1)
        for worker_id in (-1, 5):
            for found in read(self.url, worker_id)[1]:
                self.assertTrue(0 < found["ttl_ms"] < 60000, found)
        acquire(self.url, 16, 7, ttl_ms=50000)
        acquire(self.url, 17, 7)
        release(self.url, 17, 7, 1)
        self.assertEqual([60000] * 16 + [50000, 0], [found["ttl_ms"] for found in read(self.url)[1]])
        self.assertLess(read(self.url, 5)[1][0]["ttl_ms"], 60000)

    def test_a_namespace_is_written_once_with_a_lease_or_without(self):
        self.assertTrue(lease(self.url, lambda namespace, leases: {}))
        self.assertEqual((NAMESPACE, []), read(self.url))
        text, revision = self.etcd.get("ids/namespaces/ns"), self.revision()
        other = ("f" * 32, "another format")
        self.assertTrue(lease(self.url, lambda namespace, leases: {}, record=other))
        self.assertEqual(revision, self.revision())
        acquire(self.url, 3, 7, record=other)
        self.assertEqual(text, self.etcd.get("ids/namespaces/ns"))

    def test_namespaces_and_prefixes_keep_apart(self):
        urls = [self.url, self.etcd.url("a/b"), self.etcd.url("")]
        names = ["ns", "ns0", "n", "NS", "ns.", "ns-_", ".", "..", "x" * 63]
        for number, url in enumerate(urls):
            for name in names:
                acquire(url, number, 7, id_namespace=name, span=len(name) + number,
                        record=(IDENTITY, name))
        for number, url in enumerate(urls):
            for name in names:
                record, leases = read(url, id_namespace=name)
                self.assertEqual((IDENTITY, name), record)
                self.assertEqual([(number, len(name) + number)],
                                 [(found["worker_id"], found["horizon"]) for found in leases])
        self.assertIsNotNone(self.etcd.get(worker_key("leases", 2, prefix="shmflake")))

    def test_worker_ids_are_read_as_numbers_ascend(self):
        ids = [10, 2**32 - 1, 9, 0, 1023, 100]
        for worker_id in ids:
            acquire(self.url, worker_id, 7)
        self.assertEqual(sorted(ids), [found["worker_id"] for found in read(self.url)[1]])
        self.assertEqual([9], [found["worker_id"] for found in read(self.url, 9)[1]])
        self.assertEqual([], read(self.url, 8)[1])

    def test_more_records_than_a_page_are_of_one_revision(self):
        acquire(self.url, 0, 7)
        text = self.etcd.get(worker_key("leases", 0))
        for worker_id in range(1, 600):
            self.etcd.put(worker_key("leases", worker_id), text.replace('"7"', '"0"'))
        acquire(self.url, 599, 8, texts={"host": "\u00e4" * 32})
        acquire(self.url, 300, 8)
        changed = []

        def reply(path, body):
            reply = forward(self.etcd, path, body)
            if path == TXN and not changed:  # after the first page: a later one, and a new record
                changed.append(True)
                extend(self.url, 599, 8)
                acquire(self.url, 600, 8)
            return reply
        with FakeServer(reply) as proxy:
            leases = read(proxy.url())[1]
        self.assertEqual(list(range(600)), [found["worker_id"] for found in leases])
        self.assertEqual(200, leases[599]["horizon"])
        self.assertEqual({0, 300, 599}, {f["worker_id"] for f in leases if f["ttl_ms"] > 0})
        self.assertEqual((601, 300), (len(read(self.url)[1]), read(self.url)[1][599]["horizon"]))

    def test_who_loses_a_race_decides_again_on_what_is_there_then(self):
        def beaten(name, somebody_else, worker_id=-1):
            seen = []

            def decide(namespace, leases):
                seen.append((namespace, [found["horizon"] for found in leases]))
                if len(seen) == 1:
                    somebody_else()
                return {"worker_id": 3, "holder": 9, "ttl_ms": 5000, "base": 0,
                        "horizon": sum(found["horizon"] for found in leases) + 1}
            before = times_to_live(self.etcd)
            self.assertTrue(lease(self.url, decide, worker_id), name)
            # One of the winner's at most, and one of ours: none of the race that was lost.
            self.assertLessEqual(len(times_to_live(self.etcd) - before), 2, name)
            return seen
        other = ("a" * 32, "x")
        self.assertEqual([(("", ""), []), (other, [])], beaten(
            "namespace", lambda: lease(self.url, lambda namespace, leases: {}, record=other)))
        self.assertEqual([(other, [1]), (other, [101])], beaten(
            "record", lambda: extend(self.url, 3, 9)))
        release(self.url, 3, 9, 50)
        self.assertEqual([(other, [50]), (other, [150])], beaten(
            "released one", lambda: acquire(self.url, 3, 8), worker_id=3))
        self.etcd.delete(worker_key("leases", 3))
        self.etcd.delete(worker_key("holders", 3))
        self.assertEqual([(other, []), (other, [100])], beaten(
            "new record", lambda: acquire(self.url, 3, 8), worker_id=3))

    def test_a_change_of_the_version_alone_loses_the_race(self):
        acquire(self.url, 3, 7)
        text = self.etcd.get(worker_key("leases", 3))
        seen = []

        def same_again(leases):
            seen.append(leases)
            if len(seen) == 1:
                self.etcd.put(worker_key("leases", 3), text)
        self.assertEqual(200, extend(self.url, 3, 7, on_decide=same_again))
        self.assertEqual(2, len(seen))

    def test_a_record_that_others_keep_changing_is_locked(self):
        acquire(self.url, 3, 7)
        text = self.etcd.get(worker_key("leases", 3))
        before = times_to_live(self.etcd)
        self.refused(LOCKED, worker_key("leases", 3), "races lost: ", call=extend, worker_id=3, holder=7,
                     timeout_ms=1500,
                     on_decide=lambda leases: self.etcd.put(worker_key("leases", 3), text))
        self.assertEqual(text, self.etcd.get(worker_key("leases", 3)))
        self.assertLessEqual(len(times_to_live(self.etcd) - before), 1)  # the time was up

    def test_nothing_is_left_open(self):
        dead = "etcd://127.0.0.1:1/ids"

        def call_each():
            acquire(self.url, 3, 7)
            acquire(self.url, 3, 8)
            release(self.url, 3, 7, 1)
            with self.assertRaises(StoreError):
                acquire(dead, 3, 7)
        call_each()
        before, threads = descriptors(), os.listdir("/proc/self/task")
        for _ in range(20):
            call_each()
        self.assertEqual((before, threads), (descriptors(), os.listdir("/proc/self/task")))

    def test_the_time_of_a_write_is_the_server_s(self):
        def reply(path, body):
            head, _, body = forward(self.etcd, path, body).partition(b"\r\n\r\n")
            return answer(body, headers="dAtE: Sun, 06 Nov 1994 08:49:37 GMT\r\n") if head else b""
        with FakeServer(reply) as proxy:
            acquire(proxy.url(), 3, 7)
            self.assertEqual(784111777000, read(proxy.url())[1][0]["updated_unix_ms"])
        extend(self.url, 3, 7)
        self.assertAlmostEqual(time.time(), read(self.url)[1][0]["updated_unix_ms"] / 1000, delta=60)

    def test_init_writes_nothing(self):
        before = self.revision(), times_to_live(self.etcd)
        init(self.url)
        self.assertEqual(before, (self.revision(), times_to_live(self.etcd)))


class AuthTest(LeaseTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.etcd.add_user("writer", "writes-7391", "ids/")
        cls.etcd.add_user("reader", "reads-7391", "ids/", "READ")
        cls.etcd.add_user("half", "segments-7391", "ids/segments/")
        cls.etcd.add_user("stranger", "stays-out-7391")
        cls.etcd.enable_auth("root-7391")
        cls.url = cls.etcd.url(user="writer")

    def setUp(self):
        pass

    def test_a_user_with_the_rights_leases(self):
        password = {"password": "writes-7391"}
        init(self.url, **password)
        self.assertEqual(100, acquire(self.url, 1, 7, **password))
        self.assertEqual(200, extend(self.url, 1, 7, **password))
        self.assertGreater(read(self.url, **password)[1][0]["ttl_ms"], 0)
        self.assertEqual(1, len(times_to_live(self.etcd)))
        self.assertTrue(release(self.url, 1, 7, 150, **password))
        self.assertEqual(set(), times_to_live(self.etcd))

    def test_everybody_else_is_denied_with_the_server_s_words(self):
        for user, password, says in [
                ("writer", "wrong-7391", "authentication failed"), ("nobody", "x-7391", "authentication failed"),
                (None, "", "user name is empty"), ("stranger", "stays-out-7391", "permission denied"),
                ("reader", "reads-7391", "permission denied"),
                ("half", "segments-7391", "permission denied")]:
            url = self.etcd.url(user=user)
            for call in (acquire, init):
                message = self.refused(DENIED, "etcdserver: ", says, call=call, url=url, password=password)
                self.assertNotIn("7391", message)
        self.assertIsNone(self.etcd.get(worker_key("leases", 3)))
        self.assertEqual(set(), times_to_live(self.etcd))  # of who may read, and not write

    def test_init_names_the_keys_that_may_not_be_used(self):
        for missing, kinds in [("segments", ("namespaces", "leases", "holders")),
                               ("namespaces", ("segments", "leases", "holders")),
                               ("leases", ("segments", "namespaces", "holders")),
                               ("holders", ("segments", "namespaces", "leases"))]:
            user = "no-" + missing
            self.etcd.request("/v3/auth/user/add", {"name": user, "password": "half-7391"})
            for kind in kinds:
                self.etcd.request("/v3/auth/role/add", {"name": user + kind})
                key, end = (self.etcd._base64(f"ids/{kind}{c}") for c in "/0")
                self.etcd.request("/v3/auth/role/grant", {
                    "name": user + kind, "perm": {"permType": "READWRITE", "key": key, "range_end": end}})
                self.etcd.request("/v3/auth/user/grant", {"user": user, "role": user + kind})
            self.refused(DENIED, f"ids/{missing}/: ", "permission denied", call=init,
                         url=self.etcd.url(user=user), password="half-7391")


class TlsTest(LeaseTest):
    @classmethod
    def setUpClass(cls):
        ours, others = Certificates(directory(cls)), Certificates(directory(cls))
        cls.ours, cls.others = ours.ca, others.ca
        cls.etcd = Etcd(tls=(*ours.sign("server", "IP:127.0.0.1"), ours.ca)).start()
        cls.addClassCleanup(cls.etcd.close)
        cls.url = cls.etcd.url(tls="verify", tls_ca=cls.ours)

    def setUp(self):
        pass

    def test_a_certificate_of_another_name_or_ca_is_denied(self):
        for url, says in [
                (self.etcd.url(tls="verify", tls_ca=self.ours, host="localhost"), "localhost"),
                (self.etcd.url(tls="verify", tls_ca=self.others), "SSL certificate problem")]:
            self.refused(DENIED, says, url=url)
        self.refused(UNAVAILABLE, "Empty reply", url=self.etcd.url())
        self.assertIsNone(self.etcd.get("ids/namespaces/ns"))
        self.assertEqual([100, 200], [acquire(self.url, 3, 7), extend(self.url, 3, 7)])


if __name__ == "__main__":
    main()
