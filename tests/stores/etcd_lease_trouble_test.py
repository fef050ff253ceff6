# SPDX-License-Identifier: Apache-2.0
"""Leases in etcd when things go wrong: servers that stop, are killed, paused or full, answers that are
lost, and servers that are no etcd at all."""

import base64
import json
import os
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "process"))
from command_support import main  # noqa: E402
from etcd_fakes import TXN, FakeServer, answer, forward, refusal  # noqa: E402
from etcd_leases import acquire, extend, read, release, times_to_live, worker_key  # noqa: E402
from etcd_plugin import (DENIED, LOCKED, SCHEMA, TIMED_OUT, UNAVAILABLE, StoreError, init,  # noqa: E402
                         take)
from etcd_server import Etcd, free_ports  # noqa: E402

MARGIN_SECONDS = 10  # against hangs, not a measure
GRANT, REVOKE, TIME_TO_LIVE = "/v3/lease/grant", "/v3/lease/revoke", "/v3/lease/timetolive"
EMPTY = answer('{"header":{"revision":"9"},"succeeded":true,"responses":[{"response_range":{}},'
               '{"response_range":{}},{"response_range":{}}]}')
WRITTEN = "it may have been written all the same"


def is_commit(path, body):
    return path == TXN and b"request_put" in body


class TroubleTest(unittest.TestCase):
    def fails(self, codes, *words, call=acquire, timeout_ms=5000, **arguments):
        """In time, with one of the codes and a line that has the words."""
        codes = (codes,) if isinstance(codes, int) else codes
        if call in (acquire, extend):
            arguments = {"worker_id": 3, "holder": 7, **arguments}
        start = time.monotonic()
        with self.assertRaises(StoreError) as caught:
            call(timeout_ms=timeout_ms, **arguments)
        self.assertLess(time.monotonic() - start, timeout_ms / 1000 + MARGIN_SECONDS)
        message = caught.exception.message
        self.assertIn(caught.exception.code, codes, message)
        self.assertRegex(message, r"\Aetcd://[^\n\r]+\Z")
        for word in words:
            self.assertIn(word, message)
        return message

    def succeeds(self, call, *arguments, **named):
        """A cluster that elects needs some tries."""
        end = time.monotonic() + 40
        while True:
            try:
                return call(*arguments, **named)
            except StoreError as error:
                self.assertIn(error.code, (UNAVAILABLE, TIMED_OUT), error.message)
                self.assertLess(time.monotonic(), end, error.message)


class OutageTest(TroubleTest):
    def setUp(self):
        self.etcd = Etcd().start()
        self.addCleanup(self.etcd.close)
        self.url = self.etcd.url()
        self.assertEqual(100, acquire(self.url, 3, 7))

    def test_a_killed_server_that_is_back_has_every_record_and_holder(self):
        horizon = 100
        for end in (self.etcd.stop, self.etcd.kill, self.etcd.kill):
            for _ in range(5):
                horizon += 100
                self.assertEqual(horizon, extend(self.url, 3, 7))
            acquire(self.url, horizon, 8)
            before = read(self.url)
            end()
            self.fails(UNAVAILABLE, "Connection refused", url=self.url)
            self.etcd.start()
            after = read(self.url)
            for lease in (*before[1], *after[1]):
                self.assertGreater(lease.pop("ttl_ms"), 0)
            self.assertEqual(before, after)
            self.assertIsNone(acquire(self.url, 3, 9))

    def test_a_paused_server_costs_the_timeout_and_no_more(self):
        self.etcd.pause()
        for call in (acquire, extend, init, read):
            self.fails(TIMED_OUT, "did not answer within 300 ms", call=call, url=self.url, timeout_ms=300)
        self.etcd.resume()
        self.assertEqual(200, self.succeeds(extend, self.url, 3, 7))

    def test_a_server_that_is_paused_in_the_middle_loses_nothing(self):
        message = self.fails(TIMED_OUT, "did not answer within 500 ms", call=extend, url=self.url,
                             timeout_ms=500, on_decide=lambda leases: self.etcd.pause())
        self.assertNotIn(WRITTEN, message)  # it waited for a time to live to begin
        self.etcd.resume()
        self.assertEqual(200, self.succeeds(extend, self.url, 3, 7))
        self.assertGreater(read(self.url, 3)[1][0]["ttl_ms"], 0)

    def test_a_full_server_refuses_writes_and_is_read(self):
        before = times_to_live(self.etcd)
        member = self.etcd.request("/v3/maintenance/status", {})["header"]["member_id"]
        alarm = {"memberID": member, "alarm": "NOSPACE"}
        self.etcd.request("/v3/maintenance/alarm", {"action": "ACTIVATE", **alarm})
        for call in (acquire, extend):
            self.fails(UNAVAILABLE, "database space exceeded", call=call, url=self.url)
        self.assertEqual(100, read(self.url)[1][0]["horizon"])
        self.assertEqual(before, times_to_live(self.etcd))
        self.etcd.request("/v3/maintenance/alarm", {"action": "DEACTIVATE", **alarm})
        self.assertEqual(200, extend(self.url, 3, 7))


class ClusterTest(TroubleTest):
    def test_without_a_leader_it_says_so_and_goes_on_with_one(self):
        etcd = Etcd().start(members=3)
        self.addCleanup(etcd.close)
        self.assertEqual(100, self.succeeds(acquire, etcd.url(), 3, 7))
        left, *killed = etcd.members
        for member in killed:
            etcd.kill(member)
        time.sleep(1)  # two election timeouts: the one that is left has given its leader up
        url = etcd.url(members=[left])
        for call in (acquire, extend, read):
            self.fails(UNAVAILABLE, "no leader", call=call, url=url, timeout_ms=20000)
        etcd.start(only=killed[0])
        self.assertEqual(200, self.succeeds(extend, url, 3, 7))


class LostAnswerTest(TroubleTest):
    """A proxy in front of the real server does something to the first request of a kind."""

    @classmethod
    def setUpClass(cls):
        cls.etcd = Etcd().start()
        cls.addClassCleanup(cls.etcd.close)
        cls.url = cls.etcd.url()

    def setUp(self):
        self.etcd.request("/v3/kv/deleterange", {"key": "AA==", "range_end": "AA=="})
        for ttl in times_to_live(self.etcd):
            self.etcd.request(REVOKE, {"ID": ttl})
        self.assertEqual(100, acquire(self.url, 3, 7))

    def proxy(self, trouble, kind=is_commit):
        """trouble(path, body) answers the first one; everything else goes through."""
        self.stopped = []

        def reply(path, body):
            if kind(path, body):
                self.stopped.append((path, body))
                if len(self.stopped) == 1:
                    return trouble(path, body)
            return forward(self.etcd, path, body)
        server = FakeServer(reply)
        self.addCleanup(server.__exit__)
        return server.__enter__()

    def apply_then(self, reply):
        def trouble(path, body):
            forward(self.etcd, path, body)
            return reply
        return trouble

    def test_an_extension_whose_answer_is_lost_keeps_horizon_and_holder(self):
        horizon = 100
        for codes, words, reply in [
                (UNAVAILABLE, "Empty reply", b""), (TIMED_OUT, "did not answer within 700 ms", None),
                (UNAVAILABLE, "with oops", answer("oops")), (UNAVAILABLE, "with {}", answer("{}")),
                (UNAVAILABLE, "502", answer("<html>", "502 Bad Gateway")),
                (UNAVAILABLE, "request timed out", refusal(14, "etcdserver: request timed out"))]:
            with self.subTest(words=words):
                proxy = self.proxy(self.apply_then(reply))
                self.fails(codes, words, WRITTEN, call=extend, url=proxy.url(), timeout_ms=700)
                horizon += 100
                found = read(self.url, 3)[1][0]
                self.assertEqual((horizon, 7), (found["horizon"], found["holder"]))
                self.assertGreater(found["ttl_ms"], 0)  # the key that the lost answer was about
                horizon += 100
                self.assertEqual(horizon, extend(proxy.url(), 3, 7))

    def test_a_commit_that_comes_late_is_not_done_any_more(self):
        proxy = self.proxy(lambda path, body: b"")
        self.fails(UNAVAILABLE, "Empty reply", call=extend, url=proxy.url())
        release(proxy.url(), 3, 7, 50)
        self.assertNotIn(b"succeeded", forward(self.etcd, *self.stopped[0]))
        found = read(self.url, 3)[1][0]
        self.assertEqual((50, 0), (found["horizon"], found["holder"]))
        proxy = self.proxy(lambda path, body: b"")
        self.fails(UNAVAILABLE, "Empty reply", url=proxy.url(), worker_id=4, id_namespace="new")
        acquire(proxy.url(), 4, 8, span=10, id_namespace="new", record=("f" * 32, "x"))
        self.assertNotIn(b"succeeded", forward(self.etcd, *self.stopped[0]))
        self.assertEqual(("f" * 32, "x"), read(self.url, id_namespace="new")[0])

    def test_a_commit_that_comes_twice_is_done_once(self):
        def twice(path, body):
            forward(self.etcd, path, body)
            return forward(self.etcd, path, body)
        seen = []
        proxy = self.proxy(twice)
        self.assertEqual(300, extend(proxy.url(), 3, 7,
                                     on_decide=lambda leases: seen.append(leases[0]["horizon"])))
        self.assertEqual([100, 200], seen)

    def test_the_next_host_starts_from_the_record_as_it_is_then(self):
        proxy = self.proxy(self.apply_then(b""))
        port = self.etcd.members[0].client_port
        seen = []
        horizon = extend(f"etcd://127.0.0.1:{proxy.port},127.0.0.1:{port}/ids", 3, 7,
                         on_decide=lambda leases: seen.append(leases[0]["horizon"]))
        self.assertEqual(([100, 200], 300), (seen, horizon))

    def test_a_time_to_live_that_is_not_ended_is_no_failure(self):
        for reply in (None, b"", answer("oops"), refusal(5, "etcdserver: requested lease not found", "404 No")):
            proxy = self.proxy(lambda path, body, reply=reply: reply, kind=lambda path, body: path == REVOKE)
            before, start = read(self.url, 3)[1][0]["horizon"], time.monotonic()
            self.assertEqual(before + 100, extend(proxy.url(), 3, 7, timeout_ms=60000))
            self.assertLess(time.monotonic() - start, 3 * MARGIN_SECONDS)  # nor waited for
            self.assertEqual(1, len(self.stopped))
            self.assertIsNotNone(self.etcd.get(worker_key("holders", 3)))
        proxy = self.proxy(lambda path, body: b"", kind=lambda path, body: path == REVOKE)
        self.assertTrue(release(proxy.url(), 3, 7, 100))
        self.assertEqual(1, len(self.stopped))
        self.assertIsNone(self.etcd.get(worker_key("holders", 3)))

    def test_a_time_to_live_that_ended_before_the_commit_is_begun_again(self):
        def ended(path, body):
            put = next(one["request_put"] for one in json.loads(body)["success"]
                       if "lease" in one["request_put"])
            self.etcd.request(REVOKE, {"ID": put["lease"]})
            return forward(self.etcd, path, body)
        self.assertEqual(200, extend(self.proxy(ended).url(), 3, 7))
        self.assertGreater(read(self.url, 3)[1][0]["ttl_ms"], 0)

    def test_an_extension_after_the_read_does_not_make_a_holder_ended(self):
        def extended(path, body):
            extend(self.url, 3, 7)
            return forward(self.etcd, path, body)
        proxy = self.proxy(extended, kind=lambda path, body: path == TIME_TO_LIVE)
        found = read(proxy.url(), 3)[1][0]
        self.assertEqual(100, found["horizon"])
        self.assertGreater(found["ttl_ms"], 0)
        proxy = self.proxy(extended, kind=lambda path, body: path == TIME_TO_LIVE)
        self.assertIsNone(acquire(proxy.url(), 3, 8))

    def test_a_time_to_live_that_cannot_be_begun_leaves_all_as_it_is(self):
        for code, reply in [
                (UNAVAILABLE, b""), (UNAVAILABLE, refusal(14, "etcdserver: no leader")),
                (SCHEMA, answer("{}")), (SCHEMA, answer('{"header":{"revision":"9"}}')),
                (SCHEMA, answer('{"header":{"revision":"9"},"ID":"0","TTL":"60"}')),
                (SCHEMA, answer('{"header":{"revision":"9"},"ID":"5","TTL":"59"}')),
                (DENIED, refusal(7, "etcdserver: permission denied", "403 Forbidden"))]:
            proxy = self.proxy(lambda path, body, reply=reply: reply, kind=lambda path, body: path == GRANT)
            self.assertNotIn(WRITTEN, self.fails(code, call=extend, url=proxy.url()))
            self.assertEqual(100, read(self.url, 3)[1][0]["horizon"])


class StrangeServerTest(TroubleTest):
    def test_what_is_no_etcd_is_called_so_and_never_an_empty_store(self):
        page = '{"header":{"revision":"9"},"succeeded":true,"responses":[%s]}'
        none = '{"response_range":{}}'
        key = base64.b64encode(b"ids/namespaces/ns").decode()
        for body in ["", "{}", "[]", "oops", '{"header":{"revision":"9"}}',
                     '{"header":{"revision":"9"},"succeeded":true}', page % "", page % none,
                     page % ",".join([none] * 4), page % "7,8,9", page % "{},{},{}",
                     page.replace('"succeeded":true,', "") % ",".join([none] * 3),
                     page % ('{"response_range":{"count":"1"}},' + none + "," + none),
                     page % ('{"response_range":{"kvs":7}},' + none + "," + none),
                     page % ('{"response_range":{"kvs":[{}]}},' + none + "," + none),
                     page % ('{"response_range":{"more":true}},' + none + "," + none),
                     page % (none + ',{"response_range":{"kvs":[{"key":"' + key
                             + '","mod_revision":"7","value":"e30="}]}},' + none),
                     page % ('{"response_range":{"kvs":[{"key":"' + key
                             + '","mod_revision":"0","value":"e30="}]}},' + none + "," + none)]:
            with self.subTest(body=body), FakeServer(lambda path, _, body=body: answer(body)) as server:
                for call in (acquire, read):
                    self.fails(SCHEMA, "no answer of etcd's v3 gateway", call=call, url=server.url())
                self.assertEqual({TXN}, {path for path, _, _ in server.requests})

    def test_pages_without_end_cost_the_timeout(self):
        """Each page has one more record of the same; etcd's keys ascend."""
        def reply(path, body):
            key = json.loads(body)["success"][-1]["request_range"]["key"]
            page = {"kvs": [{"key": key, "mod_revision": "7", "value": ""}], "more": True, "count": "9"}
            return answer(json.dumps({"header": {"revision": "9"}, "succeeded": True, "responses": [
                {"response_range": page} for _ in json.loads(body)["success"]]}))
        with FakeServer(reply) as server:
            self.fails((SCHEMA, TIMED_OUT), call=read, url=server.url(), timeout_ms=1500)

    def test_reads_are_never_serializable(self):
        with Etcd() as etcd, FakeServer(lambda path, body: forward(etcd, path, body)) as proxy:
            acquire(proxy.url(), 3, 7)
            extend(proxy.url(), 3, 7)
            read(proxy.url())
            self.assertEqual({TXN, GRANT, REVOKE, TIME_TO_LIVE}, {path for path, _, _ in proxy.requests})
            for _, _, body in proxy.requests:
                self.assertNotIn(b"serializable", body)

    def test_races_that_never_end_are_locked_and_leave_no_time_to_live(self):
        begun, ended = [], []

        def reply(path, body):
            if path == GRANT:
                begun.append(str(len(begun) + 1))
                return answer(json.dumps({"header": {"revision": "9"}, "ID": begun[-1], "TTL": "60"}))
            if path == REVOKE:
                ended.append(json.loads(body)["ID"])
            return answer('{"header":{"revision":"9"}}') if is_commit(path, body) else EMPTY
        with FakeServer(reply) as server:
            self.fails(LOCKED, "others kept changing the key ids/leases/ns/0000000003", url=server.url(),
                       timeout_ms=1000)
        self.assertGreater(len(begun), 1)
        self.assertEqual(begun[:-1], ended[:len(begun) - 1])  # of the last the time may have run out

    def test_a_silent_host_leaves_time_for_the_others(self):
        with FakeServer(lambda path, body: None) as silent, Etcd() as etcd:
            port = etcd.members[0].client_port
            url = f"etcd://127.0.0.1:{silent.port},127.0.0.1:{port}/ids"
            self.assertEqual(100, acquire(url, 3, 7, timeout_ms=4000))
            dead = free_ports(1)[0]
            message = self.fails(UNAVAILABLE, url=f"etcd://127.0.0.1:{silent.port},127.0.0.1:{dead}/ids",
                                 timeout_ms=1000)
            self.assertIn(f"127.0.0.1:{silent.port}: Operation timed out", message)
        with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts, nobody reads
            for tls in ("off", "verify"):
                self.fails(TIMED_OUT, "did not answer within 300 ms", timeout_ms=300,
                           url=f"etcd://127.0.0.1:{silent.getsockname()[1]}/ids?tls={tls}")

    def test_segments_and_leases_share_a_prefix(self):
        with Etcd() as etcd:
            self.assertEqual((1, 5), take(etcd.url(), "ns", create=5))
            self.assertEqual(100, acquire(etcd.url(), 3, 7))
            self.assertEqual((6, 10), take(etcd.url(), "ns"))
            self.assertEqual(1, len(read(etcd.url())[1]))


if __name__ == "__main__":
    main()
