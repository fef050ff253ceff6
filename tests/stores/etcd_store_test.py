# SPDX-License-Identifier: Apache-2.0
"""Segments in a real etcd: what is granted, what the values may be, who is let in."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "process"))
from command_support import main  # noqa: E402
from etcd_fakes import NO_KEY, FakeServer, answer, descriptors, forward  # noqa: E402
from etcd_plugin import (BUILD, DENIED, LOCKED, RANGE, SCHEMA, TIMED_OUT, UNAVAILABLE, StoreError,  # noqa: E402
                         init, take)
from etcd_server import Certificates, Etcd  # noqa: E402

DRIVER = os.path.join(BUILD, "tests", "store_driver")
MOST = 2**63 - 1


def driver_environment(**more):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("SHMFLAKE_", "ETCD_")) and not k.lower().endswith("_proxy")}
    return {**kept, "SHMFLAKE_PLUGIN_DIR": os.path.join(BUILD, "capi", "shmflake"), **more}


def start_driver(*arguments, **environment):
    return subprocess.Popen([DRIVER, *arguments], env=driver_environment(**environment), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def run_driver(*arguments, **environment):
    """(exit status, all output)"""
    process = start_driver(*arguments, **environment)
    try:
        output = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    return process.returncode, output


class StoreTest(unittest.TestCase):
    def assert_refused(self, code, *words, call=take, **arguments):
        """The call fails with that code and a line that has the words. Returns the line."""
        with self.assertRaises(StoreError) as caught:
            call(**arguments)
        message = caught.exception.message
        self.assertEqual(code, caught.exception.code, message)
        self.assertRegex(message, r"\Aetcd://[^\n\r]+\Z")
        for word in words:
            self.assertIn(word, message)
        return message


class OpenServerTest(StoreTest):
    @classmethod
    def setUpClass(cls):
        cls.etcd = Etcd().start()
        cls.addClassCleanup(cls.etcd.close)

    def setUp(self):
        self.url = self.etcd.url()
        self.tag = self.id().rpartition(".")[2]
        self.key = "ids/segments/" + self.tag

    def refused(self, code, *words, **arguments):
        return self.assert_refused(code, *words, **{"url": self.url, "tag": self.tag, **arguments})

    # ------------------------------------------------------------ what is granted

    def test_eight_processes_share_one_row_without_a_gap_or_a_repeat(self):
        take(self.url, self.tag, create=10)
        drivers = [start_driver(self.url, "take", self.tag, "--times", "100", "--add", str(add),
                                "--timeout-ms", "30000") for add in range(1, 9)]
        everything = []
        for add, driver in enumerate(drivers, 1):
            output = driver.communicate(timeout=120)[0]
            self.assertEqual(0, driver.returncode, output)
            taken = [tuple(map(int, line.split())) for line in output.splitlines()]
            self.assertEqual([add] * 100, [last - first + 1 for first, last in taken])
            self.assertEqual(sorted(taken), taken)
            everything += taken
        end = 10
        for first, last in sorted(everything):
            self.assertEqual(end + 1, first)
            end = last
        self.assertEqual(str(end), json.loads(self.etcd.get(self.key))["max_id"])

    def test_any_tag_has_a_row_of_its_own_under_its_own_name(self):
        tags = ["it's", 'a "quoted" one', "back\\slash", "a/b/c", "/", "..", "a b", "%41", "A", "a",
                "\u8ba2\u5355", "\U0001f680" * 16, "x" * 64, "*", "a\u0301", "\u00e1"]
        for number, tag in enumerate(tags, 1):
            self.assertEqual((1, number), take(self.url, tag, create=number), tag)
        for number, tag in enumerate(tags, 1):
            self.assertEqual((number + 1, 2 * number), take(self.url, tag), tag)
            self.assertEqual(str(2 * number),
                             json.loads(self.etcd.get("ids/segments/" + tag))["max_id"], tag)

    def test_prefixes_keep_apart(self):
        urls = {prefix: self.etcd.url(prefix) for prefix in ("", "a", "a/b", "c%20d")}
        for number, url in enumerate(urls.values(), 1):
            self.assertEqual((1, number), take(url, self.tag, create=number))
        for key in ("shmflake", "a", "a/b", "c d"):
            self.assertIsNotNone(self.etcd.get(f"{key}/segments/{self.tag}"), key)

    def test_a_missing_row_is_declined_or_created(self):
        self.assertIsNone(take(self.url, self.tag))
        self.assertIsNone(self.etcd.get(self.key))
        self.assertEqual((1, 500), take(self.url, self.tag, create=500))
        self.assertEqual('{"v":1,"max_id":"500","step":"500"}', self.etcd.get(self.key))
        self.assertEqual((501, 507), take(self.url, self.tag, create=9, add=7))
        self.assertEqual('{"v":1,"max_id":"507","step":"500"}', self.etcd.get(self.key))

    def test_who_loses_a_race_decides_again_on_the_new_row(self):
        for seen, mine in [([None, 100], (101, 200)), ([200, 300], (301, 400)), ([400, None], (1, 50))]:
            rows = []

            def somebody_else(found, rows=rows, seen=seen):
                rows.append(found)
                if len(rows) == 1 and seen[1] is None:
                    self.etcd.delete(self.key)
                elif len(rows) == 1:
                    take(self.url, self.tag, create=100)
            self.assertEqual(mine, take(self.url, self.tag, create=50, on_decide=somebody_else))
            self.assertEqual(seen, rows)
            self.assertEqual(str(mine[1]), json.loads(self.etcd.get(self.key))["max_id"])

    def test_a_row_that_others_keep_changing_is_locked(self):
        take(self.url, self.tag, create=1)
        rows = []

        def overwrite(found):
            rows.append(found)
            self.etcd.put(self.key, json.dumps({"max_id": len(rows), "step": 1}))
        self.refused(LOCKED, self.key, "races lost: ", timeout_ms=1500, on_decide=overwrite)
        self.assertGreater(len(rows), 1)
        self.assertEqual(len(rows), json.loads(self.etcd.get(self.key))["max_id"])

    def test_init_says_yes_and_writes_nothing(self):
        before = self.etcd.request("/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        for _ in range(2):
            init(self.url)
        self.assertEqual((0, ""), run_driver(self.url, "init"))
        after = self.etcd.request("/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        self.assertEqual(before, after)

    # ------------------------------------------------------------ what a value may be

    def test_values_of_other_shapes_are_refused_and_left_alone(self):
        for value, code, says in [
                ("", SCHEMA, "must be a JSON object"), ("12", SCHEMA, "must be a JSON object"),
                ("[1]", SCHEMA, "must be a JSON object"), ("{", SCHEMA, "must be a JSON object"),
                ('{"max_id":1,"step":1}}', SCHEMA, "must be a JSON object"),
                ("\u00ff\u0001", SCHEMA, "must be a JSON object"), ("{}", SCHEMA, "has no step"),
                ('{"step":"5"}', SCHEMA, "has no max_id"), ('{"max_id":"5"}', SCHEMA, "has no step"),
                ('{"MAX_ID":"5","step":"5"}', SCHEMA, "has no max_id"),
                ('{"a":{"max_id":"5"},"step":"5"}', SCHEMA, "has no max_id"),
                ('{"max_id":"12x","step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":"","step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":"-","step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":" 5","step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":"+5","step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":"99999999999999999999x","step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":5.0,"step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":5e3,"step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":null,"step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":true,"step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":[5],"step":"5"}', SCHEMA, "max_id must be an integer"),
                ('{"max_id":5,"step":"5.5"}', SCHEMA, "step must be an integer"),
                ('{"max_id":5,"step":5,"max_id":6}', SCHEMA, "two max_id"),
                ('{"max_id":5,"step":5,"max\\u005fid":6}', SCHEMA, "two max_id"),
                ('{"v":2,"max_id":5,"step":5}', SCHEMA, "v must be 1"),
                ('{"v":99999999999999999999,"max_id":5,"step":5}', SCHEMA, "v must be 1"),
                ('{"v":"x","max_id":5,"step":5}', SCHEMA, "v must be an integer"),
                ('{"max_id":"9223372036854775808","step":5}', RANGE, "max_id does not fit"),
                ('{"max_id":9223372036854775808,"step":5}', RANGE, "max_id does not fit"),
                ('{"max_id":-9223372036854775809,"step":5}', RANGE, "max_id does not fit"),
                ('{"max_id":1,"step":"99999999999999999999999"}', RANGE, "step does not fit"),
                ("[" * 100000, SCHEMA, "must be a JSON object")]:
            with self.subTest(value=value[:60]):
                self.etcd.put(self.key, value)
                self.refused(code, says, self.key, create=1)
                self.assertEqual(value, self.etcd.get(self.key))

    def test_a_value_keeps_all_but_its_max_id_to_the_byte(self):
        for before, after in [
                ('{"max_id":5,"step":5}', '{"max_id":"10","step":5}'),
                ('\n{ "note" : "a } \\" , max_id: 1" ,\t"max_id" : "0005" , "step":"5"} ',
                 '\n{ "note" : "a } \\" , max_id: 1" ,\t"max_id" : "10" , "step":"5"} '),
                ('{"x":1.10,"y":123456789012345678901234567890,"step":5,"z":[{"max_id":1}],"max_id":5}',
                 '{"x":1.10,"y":123456789012345678901234567890,"step":5,"z":[{"max_id":1}],"max_id":"10"}'),
                ('{"v":"1","max\\u005fid":"5","\\u0073tep":"5"}',
                 '{"v":"1","max\\u005fid":"10","\\u0073tep":"5"}')]:
            self.etcd.put(self.key, before)
            self.assertEqual((6, 10), take(self.url, self.tag), before)
            self.assertEqual(after, self.etcd.get(self.key))

    def test_numbers_near_the_ends_of_64_bits_are_exact(self):
        for max_id, add in [(MOST - 2, 1), (MOST - 1, 1), (2**53 + 1, 2), (-2**63, 1), (-5, 3)]:
            for form in ('{{"max_id":"{}","step":"1"}}', '{{"max_id":{},"step":1}}'):
                self.etcd.put(self.key, form.format(max_id))
                self.assertEqual((max_id + 1, max_id + add), take(self.url, self.tag, add=add))
                self.assertEqual(str(max_id + add), json.loads(self.etcd.get(self.key))["max_id"])

    # ------------------------------------------------------------ where it is

    def test_a_host_that_is_not_there_is_named(self):
        self.refused(UNAVAILABLE, "127.0.0.1:1:", "Connection refused", url="etcd://127.0.0.1:1/ids")
        self.refused(UNAVAILABLE, "no-such-host.invalid:1: its address is not known",
                     url="etcd://no-such-host.invalid:1/ids")
        self.refused(UNAVAILABLE, "127.0.0.1:1: Failed", "[::1]:2: Failed", "127.0.0.3:3: Failed",
                     url="etcd://127.0.0.1:1,[::1]:2,127.0.0.3:3/ids")
        many = ",".join(f"127.0.0.1:{port}" for port in range(1, 8))
        message = self.refused(UNAVAILABLE, url=f"etcd://{many}/ids")
        for port in range(1, 8):
            self.assertIn(f"; 127.0.0.1:{port}:" if port > 1 else " 127.0.0.1:1:", message)
        self.assertLess(len(message), 512)

    def test_the_next_host_is_asked_where_one_is_not_there(self):
        port = self.etcd.members[0].client_port
        for hosts in (f"127.0.0.1:1,no-such-host.invalid:1,127.0.0.1:{port}", f"localhost:{port}"):
            self.assertIsNotNone(take(f"etcd://{hosts}/ids", self.tag, create=5))
        self.assertEqual("10", json.loads(self.etcd.get(self.key))["max_id"])

    def test_a_socket_goes_before_the_hosts(self):
        directory = tempfile.mkdtemp(prefix="shmflake-test-")
        self.addCleanup(shutil.rmtree, directory)
        path = os.path.join(directory, "socket")
        with FakeServer(lambda p, body: forward(self.etcd, p, body), unix=path):
            self.assertEqual((1, 5), take(f"etcd://127.0.0.1:1/ids?socket={path}", self.tag, create=5))
        self.refused(UNAVAILABLE, path, url=f"etcd://127.0.0.1:1/ids?socket={path}")

    def test_a_proxy_of_the_environment_is_not_used(self):
        with FakeServer(lambda path, body: answer("no", "502 Bad Gateway")) as proxy:
            names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
            environment = dict.fromkeys(names, f"http://127.0.0.1:{proxy.port}")
            self.assertEqual((0, "1 5\n"), run_driver(self.url, "take", self.tag, "--create", "5",
                                                      **environment))
            self.assertEqual([], proxy.requests)

    def test_nothing_is_left_open_by_calls_that_succeed_and_that_fail(self):
        port = self.etcd.members[0].client_port
        urls = [self.url, "etcd://127.0.0.1:1/ids", f"etcd://127.0.0.1:{port}/ids?tls=require",
                f"etcd://localhost:1,{socket.gethostname()}:{port}/ids"]

        def call_each():
            for url in urls:
                try:
                    take(url, self.tag, create=1)
                except StoreError:
                    pass
        call_each()  # what is opened once for a process
        before, threads = descriptors(), os.listdir("/proc/self/task")
        for _ in range(100):
            call_each()
        self.assertEqual(before, descriptors())
        self.assertEqual(threads, os.listdir("/proc/self/task"))

    def test_without_time_nothing_is_asked(self):
        for timeout in (0, -1, -2**63):
            self.refused(TIMED_OUT, f"did not answer within {timeout} ms", timeout_ms=timeout)
        self.assertEqual((1, 1), take(self.url, self.tag, create=1, timeout_ms=MOST))


class AuthTest(StoreTest):
    PASSWORD = 'p"w \\ \u00e4<&>-7391'

    @classmethod
    def setUpClass(cls):
        cls.etcd = Etcd().start()
        cls.addClassCleanup(cls.etcd.close)
        # Before auth is on, a user is no obstacle.
        cls.while_open = take(cls.etcd.url(user="writer"), "open", create=5, password="anything")
        cls.etcd.add_user("writer", cls.PASSWORD, "ids/")
        cls.etcd.add_user("reader", "reads-7391", "ids/", "READ")
        cls.etcd.add_user("stranger", "stays-out-7391")
        cls.etcd.enable_auth("root-7391")

    def test_a_user_is_no_obstacle_where_auth_is_off(self):
        self.assertEqual((1, 5), self.while_open)

    def test_a_user_with_the_rights_takes(self):
        url = self.etcd.url(user="writer")
        init(url, password=self.PASSWORD)
        self.assertEqual((1, 7), take(url, "mine", create=7, password=self.PASSWORD))

    def test_everybody_else_is_denied_with_the_server_s_words(self):
        for user, password, says in [
                ("writer", "wrong-7391", "authentication failed"), ("writer", "", "authentication failed"),
                ("nobody", self.PASSWORD, "authentication failed"), (None, "", "user name is empty"),
                ("stranger", "stays-out-7391", "permission denied"),
                ("reader", "reads-7391", "permission denied")]:
            url = self.etcd.url(user=user)
            for call in (lambda **a: take(tag="x", create=1, **a), init):
                message = self.assert_refused(DENIED, "etcdserver: ", says, call=call, url=url,
                                              password=password)
                self.assertNotIn("7391", message)
        self.assertIsNone(self.etcd.get("ids/segments/x"))
        outside = self.etcd.url("others", user="writer")
        self.assert_refused(DENIED, "permission denied", call=init, url=outside, password=self.PASSWORD)

    def test_a_password_comes_from_a_file_or_the_environment_and_is_never_shown(self):
        directory = tempfile.mkdtemp(prefix="shmflake-test-")
        self.addCleanup(shutil.rmtree, directory)
        for name, text in (("right", self.PASSWORD), ("wrong", "wrong-7391")):
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                file.write(text + "\n")
        url = self.etcd.url(user="writer")
        for status, word, place in [
                (0, "", {"SHMFLAKE_STORE_PASSWORD": self.PASSWORD}), (0, "", "right"), (1, "DENIED", {}),
                (1, "DENIED", {"SHMFLAKE_STORE_PASSWORD": "wrong-7391"}), (1, "DENIED", "wrong")]:
            place, file = (place, url) if isinstance(place, dict) else (
                {}, f"{url}?password_file={directory}/{place}")
            done, output = run_driver(file, "take", "driver", "--create", "1", **place)
            self.assertEqual(status, done, output)
            self.assertIn(word, output)
            self.assertNotIn("7391", output)

    def test_a_server_that_repeats_the_password_does_not_give_it_away(self):
        def token(path, body):
            return answer('{"token":"7391-token"}') if path.endswith("authenticate") else None
        echoes = [
            lambda path, body: answer(body, "400 Bad Request"),
            lambda path, body: answer(b"x" * 40 + body),
            lambda path, body: answer(json.dumps({"message": self.PASSWORD, "code": 3}), "400 Bad"),
            lambda path, body: token(path, body) or answer("-" * 69 + " 7391-token and more", "500 Oh"),
            lambda path, body: token(path, body) or answer('{"x":"7391-token"}')]
        for echo in echoes:
            with FakeServer(echo) as server:
                url = server.url().replace("//", "//writer@")
                with self.assertRaises(StoreError) as caught:
                    take(url, "x", create=1, password=self.PASSWORD)
                self.assertIn("**", caught.exception.message)
                self.assertNotIn('w \\', caught.exception.message)  # nor a part of it
                self.assertNotIn("7391", caught.exception.message)


class TlsTest(StoreTest):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="shmflake-test-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        for name in ("ours", "other"):
            os.mkdir(os.path.join(cls.directory, name))
        cls.ours = Certificates(os.path.join(cls.directory, "ours"))
        cls.other = Certificates(os.path.join(cls.directory, "other"))
        cls.client = cls.ours.sign("client", "DNS:client")
        cls.stranger = cls.other.sign("client", "DNS:client")
        cls.server = cls.ours.sign("server", "IP:127.0.0.1")
        cls.etcd = Etcd(tls=(*cls.server, cls.ours.ca)).start()
        cls.addClassCleanup(cls.etcd.close)
        cls.strict = Etcd(tls=(*cls.server, cls.ours.ca), client_ca=cls.ours.ca).start()
        cls.addClassCleanup(cls.strict.close)

    def test_the_right_certificate_is_good_enough_for_verify(self):
        url = self.etcd.url(tls="verify", tls_ca=self.ours.ca)
        init(url)
        self.assertEqual((1, 3), take(url, "verified", create=3))
        self.assertEqual((4, 6), take(self.etcd.url(tls="require"), "verified"))

    def test_another_ca_another_name_and_no_ca_are_denied(self):
        for url, says in [
                (self.etcd.url(tls="verify", tls_ca=self.other.ca), "SSL certificate problem"),
                (self.etcd.url(tls="verify"), "SSL certificate problem"),
                (self.etcd.url(tls="verify", tls_ca=self.ours.ca, host="localhost"), "localhost"),
                (self.etcd.url(tls="verify", tls_ca=self.directory + "/none.crt"), "none.crt")]:
            self.assert_refused(DENIED, says, url=url, tag="x", create=1)
        self.assertIsNone(self.etcd.get("ids/segments/x"))

    def test_an_unencrypted_server_is_not_spoken_to_and_an_encrypted_one_must_be(self):
        with Etcd() as plain:
            for tls in ("require", "verify"):
                self.assert_refused(UNAVAILABLE, url=plain.url(tls=tls), tag="x", create=1)
            self.assertIsNone(plain.get("ids/segments/x"))
        self.assert_refused(UNAVAILABLE, "Empty reply", url=self.etcd.url(), tag="x", create=1)
        self.assertIsNone(self.etcd.get("ids/segments/x"))

    def test_a_client_s_certificate_is_shown_where_it_is_wanted(self):
        for certificate, key, code in [(None, None, DENIED), (*self.stranger, DENIED),
                                       (*self.client, None), (self.client[0], self.stranger[1], DENIED),
                                       (self.directory + "/none", self.client[1], DENIED)]:
            files = {"tls_cert": certificate, "tls_key": key} if certificate else {}
            url = self.strict.url(tls="verify", tls_ca=self.ours.ca, **files)
            if code is None:
                self.assertEqual((1, 3), take(url, "strict", create=3))
            else:
                self.assert_refused(code, url=url, tag="strict", create=3)

    def test_a_certificate_that_a_newer_server_does_not_know_is_denied(self):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ours.ca)
        context.load_cert_chain(*self.server)
        context.verify_mode = ssl.CERT_REQUIRED
        with FakeServer(lambda path, body: NO_KEY, context=context) as server:
            for says, files in [("alert", dict(zip(("tls_cert", "tls_key"), self.stranger))),
                                ("certificate required", {})]:
                url = server.url(tls="verify", tls_ca=self.ours.ca, **files)
                self.assert_refused(DENIED, says, url=url, tag="x")

    def test_nobody_is_asked_for_the_passphrase_of_a_key(self):
        key = self.ours.encrypt_key(self.client[1])
        url = self.strict.url(tls="verify", tls_ca=self.ours.ca, tls_cert=self.client[0], tls_key=key)
        process = subprocess.Popen([DRIVER, url, "take", "strict"], stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=driver_environment(), start_new_session=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual(1, process.wait(30), "it waits for somebody to type")
        output = process.stdout.read()
        self.assertIn("STORE_DENIED", output)
        self.assertEqual(1, len(output.splitlines()), output)


if __name__ == "__main__":
    main()
