# SPDX-License-Identifier: Apache-2.0
"""Segments in etcd when things go wrong: servers that stop, are killed or paused, members that are
lost, answers that are lost, and servers that are no etcd at all."""

import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "process"))
from command_support import main  # noqa: E402
from etcd_fakes import (AUTH, NO_KEY, RANGE, TXN, FakeServer, answer, descriptors, forward,  # noqa: E402
                        key_value, refusal)
from etcd_plugin import (DENIED, LOCKED, SCHEMA, TIMED_OUT, UNAVAILABLE, StoreError, init,  # noqa: E402
                         take)
from etcd_server import Etcd, free_ports  # noqa: E402

MARGIN_SECONDS = 10  # against hangs, not a measure
ROW = '{"max_id":"10","step":"5"}'


class TroubleTest(unittest.TestCase):
    def assert_fails(self, codes, *words, timeout_ms=5000, **arguments):
        """In time, with one of the codes, nothing left open, and a line that has the words."""
        codes = (codes,) if isinstance(codes, int) else codes
        start = time.monotonic()
        with self.assertRaises(StoreError) as caught:
            take(timeout_ms=timeout_ms, **{"tag": "x", **arguments})
        self.assertLess(time.monotonic() - start, timeout_ms / 1000 + MARGIN_SECONDS)
        message = caught.exception.message
        self.assertIn(caught.exception.code, codes, message)
        self.assertRegex(message, r"\Aetcd://[^\n\r]+\Z")
        for word in words:
            self.assertIn(word, message)
        return message


class OutageTest(TroubleTest):
    def setUp(self):
        self.etcd = Etcd().start()
        self.addCleanup(self.etcd.close)
        self.url = self.etcd.url()
        self.assertEqual((1, 10), take(self.url, "x", create=10))

    def test_a_server_that_is_stopped_or_killed_is_unavailable_until_it_is_back(self):
        taken = []
        for end in (self.etcd.stop, self.etcd.kill):
            end()
            self.assert_fails(UNAVAILABLE, "Connection refused", url=self.url)
            self.etcd.start()
            taken.append(take(self.url, "x"))
        self.assertEqual([(11, 20), (21, 30)], taken)

    def test_a_paused_server_costs_the_timeout_and_no_more(self):
        self.etcd.pause()
        self.assert_fails(TIMED_OUT, "did not answer within 300 ms", url=self.url, timeout_ms=300)
        self.etcd.resume()
        self.assertEqual((11, 20), take(self.url, "x"))

    def test_a_server_that_is_paused_in_the_middle_repeats_nothing(self):
        message = self.assert_fails(TIMED_OUT, "did not answer within 500 ms", "a gap", url=self.url,
                                    timeout_ms=500, on_decide=lambda found: self.etcd.pause())
        self.assertIn("127.0.0.1:", message)
        self.etcd.resume()
        first, last = take(self.url, "x")
        self.assertIn((first, last), [(11, 20), (21, 30)])
        self.assertEqual(str(last), json.loads(self.etcd.get("ids/segments/x"))["max_id"])

    def test_nothing_is_granted_twice_while_the_server_is_killed_again_and_again(self):
        taken, failures, over = [], [], threading.Event()

        def take_on():
            while not over.is_set():
                try:
                    taken.append(take(self.url, "x", timeout_ms=1000))
                except StoreError as error:
                    failures.append(error.code)
        threads = [threading.Thread(target=take_on) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(4):
                wanted, end = len(taken) + 30, time.monotonic() + 30
                while len(taken) < wanted and time.monotonic() < end:
                    time.sleep(0.01)
                self.assertGreaterEqual(len(taken), wanted, failures[-5:])
                self.etcd.kill()
                time.sleep(0.05)
                self.etcd.start()
        finally:
            over.set()
            for thread in threads:
                thread.join(30)
        self.assertTrue(failures)
        self.assertLessEqual(set(failures), {UNAVAILABLE, TIMED_OUT, LOCKED})
        end = 10
        for first, last in sorted(taken):
            self.assertGreater(first, end)
            end = last
        self.assertLessEqual(end, int(json.loads(self.etcd.get("ids/segments/x"))["max_id"]))


class ClusterTest(TroubleTest):
    def take_in_time(self, end, **arguments):
        """A cluster that elects needs some tries."""
        while True:
            try:
                return take(tag="x", **arguments)
            except StoreError as error:
                self.assertIn(error.code, (UNAVAILABLE, TIMED_OUT), error.message)
                self.assertLess(time.monotonic(), end, error.message)

    def test_three_members_do_without_one_and_not_without_two(self):
        etcd = Etcd().start(members=3)
        self.addCleanup(etcd.close)
        end = time.monotonic() + 40
        self.assertEqual((1, 10), self.take_in_time(end, url=etcd.url(), create=10))
        leader = etcd.leader()
        others = [m for m in etcd.members if m is not leader]
        url = etcd.url(members=[leader, *others])

        etcd.pause(leader)
        taken = [(1, 10), self.take_in_time(end, url=url, timeout_ms=3000)]
        etcd.resume(leader)
        leader = etcd.leader()
        etcd.kill(leader)
        taken += [self.take_in_time(end, url=url), self.take_in_time(end, url=url)]
        alive = [m for m in etcd.members if m is not leader]
        etcd.kill(alive[0])
        message = self.assert_fails((UNAVAILABLE, TIMED_OUT), url=url, timeout_ms=3000)
        for member in etcd.members:
            self.assertIn(f"127.0.0.1:{member.client_port}: ", message)
        time.sleep(1)  # two election timeouts: the one that is left has given its leader up
        self.assert_fails(UNAVAILABLE, "no leader", url=etcd.url(members=[alive[1]]), timeout_ms=20000)

        etcd.start(only=leader)
        end = time.monotonic() + 40
        taken.append(self.take_in_time(end, url=url))
        for before, after in zip(taken, taken[1:]):
            self.assertGreater(after[0], before[1])
            self.assertEqual(9, after[1] - after[0])


class LostAnswerTest(TroubleTest):
    """A proxy in front of the real server does something to one transaction."""

    @classmethod
    def setUpClass(cls):
        cls.etcd = Etcd().start()
        cls.addClassCleanup(cls.etcd.close)

    def setUp(self):
        self.tag = self.id().rpartition(".")[2]
        self.key = "ids/segments/" + self.tag
        self.transactions = []

    def proxy(self, trouble):
        """trouble(path, body) answers the first transaction; everything else goes through."""
        def reply(path, body):
            if path == TXN:
                self.transactions.append(body)
                if len(self.transactions) == 1:
                    return trouble(path, body)
            return forward(self.etcd, path, body)
        server = FakeServer(reply)
        self.addCleanup(server.__exit__)
        return server.__enter__()

    def fails_once(self, codes, words, trouble):
        proxy = self.proxy(trouble)
        take(self.etcd.url(), self.tag, create=10)
        self.assert_fails(codes, words, "a gap", url=proxy.url(), tag=self.tag, timeout_ms=700)
        self.assertEqual(1, len(self.transactions))
        return proxy

    def test_a_write_whose_answer_is_lost_is_a_gap(self):
        def apply_then(reply):
            def trouble(path, body):
                self.assertIn(b'"succeeded":true', forward(self.etcd, path, body))
                return reply
            return trouble
        for codes, words, reply in [
                (UNAVAILABLE, "Empty reply", b""), (TIMED_OUT, "did not answer within 700 ms", None),
                (UNAVAILABLE, "bytes remaining", [b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"]),
                (UNAVAILABLE, "with oops", answer("oops")), (UNAVAILABLE, "with {}", answer("{}")),
                (UNAVAILABLE, "502", answer("<html>", "502 Bad Gateway")),
                (UNAVAILABLE, "request timed out", refusal(14, "etcdserver: request timed out"))]:
            with self.subTest(words=words):
                self.etcd.delete(self.key)
                self.transactions.clear()
                proxy = self.fails_once(codes, words, apply_then(reply))
                self.assertEqual((21, 30), take(proxy.url(), self.tag))

    def test_a_write_that_comes_late_is_not_done_any_more(self):
        proxy = self.fails_once(UNAVAILABLE, "Empty reply", lambda path, body: b"")
        self.assertEqual((11, 20), take(proxy.url(), self.tag))
        late = forward(self.etcd, TXN, self.transactions[0])
        self.assertNotIn(b"succeeded", late)
        self.assertEqual((21, 30), take(proxy.url(), self.tag))

    def test_a_creation_that_comes_late_is_not_done_any_more(self):
        proxy = self.proxy(lambda path, body: b"")
        self.assert_fails(UNAVAILABLE, "Empty reply", url=proxy.url(), tag=self.tag, create=10)
        self.assertEqual((1, 20), take(proxy.url(), self.tag, create=20))
        self.assertNotIn(b"succeeded", forward(self.etcd, TXN, self.transactions[0]))
        self.assertEqual((21, 40), take(proxy.url(), self.tag))

    def test_the_next_host_starts_from_the_row_as_it_is_then(self):
        def apply_and_drop(path, body):
            forward(self.etcd, path, body)
            return b""
        take(self.etcd.url(), self.tag, create=10)
        proxy = self.proxy(apply_and_drop)
        port = self.etcd.members[0].client_port
        rows = []
        taken = take(f"etcd://127.0.0.1:{proxy.port},127.0.0.1:{port}/ids", self.tag,
                     on_decide=rows.append)
        self.assertEqual(([10, 20], (21, 30)), (rows, taken))


class StrangeServerTest(TroubleTest):
    def fails(self, codes, reply, *words, **arguments):
        before = descriptors()
        # A function takes path and body; bytes answer everything.
        with FakeServer(reply if callable(reply) else lambda path, body: reply) as server:
            message = self.assert_fails(codes, f"127.0.0.1:{server.port}: ", *words,
                                        **{"url": server.url(), "create": 5, **arguments})
        end = time.monotonic() + MARGIN_SECONDS
        while len(descriptors()) > len(before) and time.monotonic() < end:  # the fake server's threads
            time.sleep(0.01)
        self.assertLessEqual(len(descriptors()), len(before), (before, descriptors()))
        self.assertLess(len(message), 512)

    def test_what_is_no_etcd_is_called_so_and_never_an_empty_store(self):
        html = "<html><body>\r\n<h1>It works!</h1>" + "&nbsp;" * 1000
        for reply, *words in [
                (answer(html), "HTTP status 200 with <html><body>  <h1>It works!</h1>"),
                (answer(html, "404 Not Found"), "HTTP status 404 with <html>"),
                (answer("", "404 Not Found"), "HTTP status 404 with nothing"),
                (answer("", "204 No Content"), "HTTP status 204"),
                (answer(""), "with nothing"), (answer("{}"), "with {}"), (answer("[]"), "with []"),
                (answer("null"), "with null"), (answer('"header"'), "header"),
                (answer('{"header":{"revision":"9"'), "with {"),  # cut
                (answer('{"header":{"revision":"9"}}x'), "}}x"),
                (answer('{"header":{"revision":"x"}}'), "no answer of etcd's"),
                (answer('{"header":{"revision":9.5}}'), "no answer of etcd's"),
                (answer('{"header":[]}'), "no answer of etcd's"),
                (answer('{"header":{"revision":"9"},"count":"1"}'), "no answer of etcd's"),
                (answer('{"header":{"revision":"9"},"kvs":[],"count":"1"}'), "no answer of etcd's"),
                (answer('{"header":{"revision":"9"},"kvs":[7]}'), "no answer of etcd's"),
                (key_value("ids/segments/y", ROW), "no answer of etcd's"),
                (key_value("ids/segments/x", ROW, mod_revision="0"), "no answer of etcd's"),
                (key_value("ids/segments/x", ROW, mod_revision="1e3"), "no answer of etcd's"),
                (key_value("ids/segments/x", ROW, value="e30"), "no answer of etcd's"),
                (key_value("ids/segments/x", ROW, value="e!0="), "no answer of etcd's"),
                (key_value("ids/segments/x", ROW, value="e=0="), "no answer of etcd's"),
                (key_value("ids/segments/x", ROW, value="e3=0"), "no answer of etcd's"),
                (key_value("ids/segments/x", ROW, value=7), "must be a JSON object"),
                (answer(b"\xff\xfe\x00\x1b[31m\r\n" * 20), "with ??"),
                (answer("[" * 500000), "with [["), (b"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/0.9")]:
            with self.subTest(reply=reply[:200]):
                reply = reply if reply.startswith(b"HTTP") else [reply]  # SSH hangs up
                self.fails(SCHEMA, reply, *words)

    def test_what_a_proxy_or_etcd_says_has_its_code(self):
        for code, reply, *words in [
                (DENIED, answer("who are you", "401 Unauthorized"), "401 with who are you"),
                (DENIED, answer("go away", "403 Forbidden"), "403 with go away"),
                (UNAVAILABLE, answer("slow down", "429 Too Many Requests"), "slow down"),
                (UNAVAILABLE, answer("<h1>oh</h1>", "503 Service Unavailable"), "503 with <h1>oh"),
                (SCHEMA, answer("moved", "302 Found", "Location: /elsewhere\r\n"), "302 with moved"),
                (UNAVAILABLE, refusal(14, "etcdserver: no leader"), "etcdserver: no leader"),
                (UNAVAILABLE, refusal(8, "etcdserver: too many requests"), "too many requests"),
                (UNAVAILABLE, refusal(2, "what?", "500 Internal Server Error"), "what?"),
                (UNAVAILABLE, refusal(16, "etcdserver: invalid auth token"), "invalid auth token"),
                (UNAVAILABLE, refusal(3, "etcdserver: revision of auth store is old"), "is old"),
                (DENIED, refusal(16, "who?", "401 Unauthorized"), "who?"),
                (DENIED, refusal(7, "etcdserver: permission denied", "403 Forbidden"), "permission"),
                (DENIED, answer('{"code":7,"message":"newer: no","details":[]}', "403 No"), "newer: no"),
                (SCHEMA, refusal(12, "Method Not Allowed", "501 Not Implemented"), "Not Allowed"),
                (SCHEMA, refusal(5, "Not Found", "404 Not Found"), "Not Found"),
                (SCHEMA, refusal(3, "etcdserver: key is not provided", "400 Bad Request"), "is not pr")]:
            with self.subTest(reply=reply):
                self.fails(code, reply, *words)

    def test_what_newer_gateways_do_not_leave_out_means_the_same(self):
        def reply(path, body):
            return answer('{"header":{"revision":9},"kvs":[],"more":false,"count":"0"}' if path == RANGE
                          else '{"header":{"revision":10},"succeeded":true,"responses":[]}')
        with FakeServer(reply) as server:
            self.assertEqual((1, 5), take(server.url(), "x", create=5))

    def test_an_answer_without_end_is_cut(self):
        def without_end(head, part):
            yield head
            for _ in range(4096):
                yield part
        start = b"HTTP/1.1 200 OK\r\n"
        body_start, header = start + b"Content-Length: 99999999999\r\n\r\n", b"X: " + b"x" * 9000 + b"\r\n"
        for reply in (lambda path, body: without_end(body_start, b" " * 65536),
                      lambda path, body: without_end(start, header),
                      lambda path, body: answer('{"a":"' + "b" * 2**20 + '"}')):
            self.fails(SCHEMA, reply, "it sends more than 1048576 bytes, or than 65536 of headers", timeout_ms=30000)

    def test_an_answer_that_does_not_come_or_does_not_end_costs_the_timeout(self):
        def drip():
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
            for _ in range(500):
                time.sleep(0.02)
                yield b" "
        for reply in (lambda path, body: None, lambda path, body: drip()):
            self.fails(TIMED_OUT, reply, "did not answer within 300 ms", timeout_ms=300)
        with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts, nobody reads
            for tls in ("off", "require", "verify"):
                self.assert_fails(TIMED_OUT, "did not answer within 300 ms", timeout_ms=300,
                                  url=f"etcd://127.0.0.1:{silent.getsockname()[1]}/ids?tls={tls}")

    def test_a_connection_that_drops_is_unavailable(self):
        for reply in (b"", [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"]):
            self.fails(UNAVAILABLE, reply)
        self.fails((SCHEMA, UNAVAILABLE), [b"HTTP/1.1 200 OK\r\n"])

    def test_a_redirect_is_not_followed(self):
        with FakeServer(lambda path, body: NO_KEY) as other:
            for status in ("301 Moved", "307 Temporary Redirect", "308 Permanent Redirect"):
                where = f"Location: http://127.0.0.1:{other.port}{RANGE}\r\n"
                self.fails(SCHEMA, answer("", status, where), f"HTTP status {status[:3]}")
            self.assertEqual([], other.requests)

    def test_a_user_gets_no_further_without_a_token(self):
        for reply in (answer("{}"), answer('{"token":""}'), answer('{"token":5}'),
                      answer('{"token":"a\\r\\nX: y"}')):
            with FakeServer(lambda path, body, reply=reply: reply) as server:
                message = self.assert_fails(SCHEMA, "without a token", password="secret-7391",
                                            url=server.url().replace("//", "//me@"))
                requests = [path for path, _, _ in server.requests]
            self.assertEqual([AUTH], requests)
            self.assertNotIn("7391", message)

    def test_the_token_goes_with_every_request_and_the_password_with_none_of_them(self):
        def reply(path, body):
            if path == AUTH:
                return answer('{"header":{"revision":"9"},"token":"abc.7"}')
            return NO_KEY if path == RANGE else answer('{"header":{"revision":"9"},"succeeded":true}')
        with FakeServer(reply) as server:
            take(server.url().replace("//", "//me@"), "x", create=5, password="secret")
            self.assertEqual([AUTH, RANGE, TXN], [path for path, _, _ in server.requests])
            self.assertEqual({"name": "me", "password": "secret"}, json.loads(server.requests[0][2]))
            for _, headers, body in server.requests[1:]:
                self.assertEqual("abc.7", headers["authorization"])
                self.assertNotIn(b"secret", body)

    def test_races_that_never_end_are_locked(self):
        # An answer without "succeeded": somebody was quicker.
        self.fails(LOCKED, NO_KEY, "others kept changing the key ids/segments/x", timeout_ms=600)

    def test_a_silent_host_leaves_time_for_the_others(self):
        with FakeServer(lambda path, body: None) as silent, Etcd() as etcd:
            port = etcd.members[0].client_port
            url = f"etcd://127.0.0.1:{silent.port},127.0.0.1:{port}/ids"
            self.assertEqual((1, 5), take(url, "x", create=5, timeout_ms=2000))
            init(url, timeout_ms=2000)
            dead = free_ports(1)[0]
            message = self.assert_fails(UNAVAILABLE, timeout_ms=1000,
                                        url=f"etcd://127.0.0.1:{silent.port},127.0.0.1:{dead}/ids")
            self.assertIn(f"127.0.0.1:{silent.port}: Operation timed out", message)
            self.assertIn(f"127.0.0.1:{dead}: Failed to connect", message)


if __name__ == "__main__":
    main()
