# SPDX-License-Identifier: Apache-2.0
"""The values of the keys that leases have in etcd: what is written to the byte, what is read, and what is
refused with the key's name and left alone."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "process"))
from command_support import main  # noqa: E402
from etcd_fakes import FakeServer, answer, forward  # noqa: E402
from etcd_leases import (FORMAT, IDENTITY, acquire, extend, lease, read, release,  # noqa: E402
                         times_to_live, worker_key)
from etcd_lease_test import LeaseTest  # noqa: E402
from etcd_plugin import CORRUPT, SCHEMA  # noqa: E402

RECORD, LEASE, HOLDER = "ids/namespaces/ns", worker_key("leases", 3), worker_key("holders", 3)
MOST = 2**63 - 1
HIGHEST = 2**62

# Persisted: never changed. What reads another form gets another v.
GOLDEN_RECORD = ('{"v":1,"identity":"0123456789abcdef0123456789abcdef",'
                 '"format":"41/10/12@1700000000000"}')
GOLDEN_LEASE = ('{"v":1,"horizon":"4611686018427387904","base":"9007199254740993",'
                '"holder":"-9223372036854775808","owner":"uid 7 \\"of\\" a\\\\b","region":"orders",'
                '"host":"h\u00f6st-\U0001f680","updated_unix_ms":"784111777000"}')
GOLDEN_HOLDER = '{"v":1,"holder":"-9223372036854775808","ttl_ms":"60000"}'
GOLDEN = {"worker_id": 3, "horizon": HIGHEST, "base": 2**53 + 1, "holder": -2**63,
          "owner": 'uid 7 "of" a\\b', "region": "orders", "host": "h\u00f6st-\U0001f680"}


class DocumentTest(LeaseTest):
    def put(self, record=GOLDEN_RECORD, lease=GOLDEN_LEASE, holder=None):
        for key, text in ((RECORD, record), (LEASE, lease)):
            self.etcd.put(key, text) if text is not None else self.etcd.delete(key)
        self.etcd.delete(HOLDER)
        if holder is not None:
            self.put_for_a_time(HOLDER, holder)

    def put_for_a_time(self, key, text):
        ttl = self.etcd.request("/v3/lease/grant", {"TTL": "60"})["ID"]
        self.etcd.request("/v3/kv/put", {"key": self.etcd._base64(key), "value": self.etcd._base64(text),
                                         "lease": ttl})

    def spoiled(self, code, key, *words):
        """Reading and writing are refused, and nothing is written."""
        before = self.revision(), times_to_live(self.etcd)
        for worker_id in (3, -1):
            self.refused(code, f"the key {key}: ", *words, call=lease, worker_id=worker_id,
                         decide=lambda namespace, leases: self.fail("it was read"))
        self.assertEqual(before, (self.revision(), times_to_live(self.etcd)))

    def test_golden_documents_are_written_to_the_byte(self):
        def reply(path, body):
            body = forward(self.etcd, path, body).partition(b"\r\n\r\n")[2]
            return answer(body, headers="Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        with FakeServer(reply) as proxy:
            lease(proxy.url(), lambda namespace, leases: {**GOLDEN, "ttl_ms": 60000})
        self.assertEqual([GOLDEN_RECORD, GOLDEN_LEASE, GOLDEN_HOLDER],
                         [self.etcd.get(key) for key in (RECORD, LEASE, HOLDER)])

    def test_golden_documents_are_read(self):
        self.put(holder=GOLDEN_HOLDER)
        for worker_id in (3, -1):
            record, (found,) = read(self.url, worker_id)
            self.assertEqual((IDENTITY, FORMAT), record)
            self.assertTrue(0 < found.pop("ttl_ms") <= 60000)
            self.assertEqual({**GOLDEN, "updated_unix_ms": 784111777000}, found)

    def test_the_ends_of_what_a_value_may_be_are_written_and_read(self):
        for changes in [{"horizon": 0, "base": 0}, {"horizon": 1, "base": 1}, {"holder": MOST},
                        {"holder": 1}, {"owner": "~" * 120, "region": " " * 63, "host": "\u00e4" * 32},
                        {"owner": "", "region": "", "host": ""}]:
            wanted = {**GOLDEN, **changes}
            lease(self.url, lambda namespace, leases, wanted=wanted: {**wanted, "ttl_ms": 9000})
            self.assertEqual(wanted, self.record(3))
        record = ("f" * 32, "~ " * 60)
        lease(self.url, lambda namespace, leases: {}, record=record, id_namespace="other")
        self.assertEqual(record, read(self.url, id_namespace="other")[0])

    def test_impossible_documents_are_corrupt_and_left_alone(self):
        golden = {RECORD: GOLDEN_RECORD, LEASE: GOLDEN_LEASE, HOLDER: GOLDEN_HOLDER}
        names = {RECORD: "record", LEASE: "lease", HOLDER: "holder"}
        cases = []
        for key, text in golden.items():
            fields = json.loads(text)
            for wrong in ("", "12", "[1]", "{", text + "}", "\u00ff\u0001", "[" * 100000, "null"):
                cases.append((key, wrong, CORRUPT, "must be a JSON object"))
            for name in fields:
                rest = {k: v for k, v in fields.items() if k != name}
                cases.append((key, json.dumps(rest), CORRUPT, "it has no " + name))
            cases += [(key, json.dumps({**fields, "v": v}), SCHEMA, "v must be 1")
                      for v in (2, 0, "1", 1.0, 10**30, True)]
            cases += [(key, text[:-1] + ',"note":1}', CORRUPT, "not known, note"),
                      (key, text[:-1] + ',"v":1}', CORRUPT, "a field twice"),
                      (key, text[:-1] + f',"{name}":"1"}}', CORRUPT, "a field twice"),
                      (key, json.dumps({**fields, "V": 1}), CORRUPT, "not known, V")]
            for name in set(fields) - {"v"}:
                cases += [(key, json.dumps({**fields, name: value}), CORRUPT, name + " must be a text")
                          for value in (1, None, ["1"], {"v": "1"})]
            for name in set(fields) & {"horizon", "base", "holder", "updated_unix_ms", "ttl_ms"}:
                cases += [(key, json.dumps({**fields, name: value}), CORRUPT,
                           name + " must be an integer of 64 bits, as a text")
                          for value in ("", "x", "1.5", "1e3", " 1", "+1", "0x1", str(2**63))]
        for changes, says in [
                ({"horizon": "-1"}, "horizon must be 0..2^62: -1"),
                ({"horizon": str(HIGHEST + 1)}, "horizon must be 0..2^62: 4611686018427387905"),
                ({"base": "-1"}, "base must be 0..4611686018427387904, the horizon: -1"),
                ({"horizon": "5", "base": "6"}, "base must be 0..5, the horizon: 6"),
                ({"owner": "x" * 121}, "owner must be 0..120 bytes"), ({"owner": "\u00e4"}, "owner must be"),
                ({"region": "x" * 64}, "region must be 0..63 bytes"), ({"region": "a\tb"}, "region must be"),
                ({"host": "x" * 65}, "host must be 0..64 bytes"), ({"host": "\u00e4" * 33}, "host must be"),
                ({"host": "a\x00b"}, "host must be"), ({"updated_unix_ms": "-1"}, "updated_unix_ms must be")]:
            cases.append((LEASE, json.dumps({**json.loads(GOLDEN_LEASE), **changes}), CORRUPT, says))
        for changes, says in [
                ({"identity": "0" * 31}, "identity must be 32 hex"), ({"identity": ""}, "identity must be"),
                ({"identity": "g" * 32}, "identity must be 32 hex"), ({"format": ""}, "format must be 1..120"),
                ({"format": "x" * 121}, "format must be"), ({"format": "\u00e4"}, "format must be")]:
            cases.append((RECORD, json.dumps({**json.loads(GOLDEN_RECORD), **changes}), CORRUPT, says))
        for changes, says in [({"holder": "0"}, "holder must not be 0"), ({"ttl_ms": "0"}, "ttl_ms must be 1"),
                              ({"holder": "5"}, "its holder 5 must be that of the record")]:
            cases.append((HOLDER, json.dumps({**json.loads(GOLDEN_HOLDER), **changes}), CORRUPT, says))
        for key, wrong, code, says in cases:
            with self.subTest(key=key, wrong=wrong[:80], says=says):
                self.put(**{names[key]: wrong})
                self.spoiled(code, key, says)
                self.assertEqual(wrong, self.etcd.get(key))

    def test_keys_that_cannot_be_are_corrupt(self):
        self.put(record=None)
        self.spoiled(CORRUPT, RECORD, f"it is missing, but the key {LEASE} is there")
        self.put(lease=None, holder=GOLDEN_HOLDER)
        self.spoiled(CORRUPT, HOLDER, f"it has no record, the key {LEASE}")
        for key, text in ((RECORD, GOLDEN_RECORD), (LEASE, GOLDEN_LEASE)):
            self.put()
            self.put_for_a_time(key, text)
            self.spoiled(CORRUPT, key, "it has a time to live")
        self.put()
        self.etcd.put(HOLDER, GOLDEN_HOLDER)
        self.spoiled(CORRUPT, HOLDER, "it has no time to live")
        for kind in ("leases", "holders"):
            for end in ("3", "00000000003", "000000000a", "9999999999", "0000000003/x", "-000000003", ""):
                self.put()
                key = f"ids/{kind}/ns/{end}"
                self.put_for_a_time(key, "x") if kind == "holders" else self.etcd.put(key, GOLDEN_LEASE)
                self.refused(CORRUPT, f"the key {key}: it must end in a worker ID of ten digits", call=read)
                self.etcd.delete(key)

    def test_one_impossible_record_is_no_obstacle_for_another_worker_id(self):
        self.put(lease="spoiled")
        self.refused(CORRUPT, LEASE, call=read)
        self.assertEqual(100, acquire(self.url, 4, 7))

    def test_what_is_impossible_is_not_written(self):
        acquire(self.url, 3, 7)
        before = self.revision(), times_to_live(self.etcd)
        sound = {**GOLDEN, "ttl_ms": 1000}
        for changes, says in [
                ({"horizon": -1}, "horizon must be"), ({"horizon": HIGHEST + 1}, "horizon must be"),
                ({"base": HIGHEST + 1}, "base must be"), ({"base": -1}, "base must be"),
                ({"ttl_ms": -1}, "ttl_ms must be"), ({"holder": 0}, "ttl_ms must be"),
                ({"owner": "x" * 121}, "owner must be"), ({"region": "\u00e4"}, "region must be"),
                ({"host": "x" * 65}, "host must be"), ({"host": "a\nb"}, "host must be")]:
            with self.subTest(changes=changes):
                self.refused(CORRUPT, "what is to be written is impossible: ", says, call=lease,
                             decide=lambda namespace, leases, c=changes: {**sound, **c})
        self.refused(CORRUPT, "worker ID 3 was not read", call=lease, worker_id=4,
                     decide=lambda namespace, leases: sound)
        for record in (("", FORMAT), ("0" * 33, FORMAT), (IDENTITY, ""), (IDENTITY, "x" * 121)):
            self.refused(CORRUPT, "impossible", id_namespace="other", record=record)
        for name in ("", "a/b", "a b", "x" * 64, "\u00e4"):
            self.refused(CORRUPT, "the namespace must be 1..63 of", id_namespace=name)
        for worker_id in (-2, 2**32):
            self.refused(CORRUPT, "the worker ID must be 0..4294967295", worker_id=worker_id)
        self.assertEqual(before, (self.revision(), times_to_live(self.etcd)))

    def test_pages_of_the_longest_records_are_read(self):
        texts = {"owner": '"' * 120, "region": "\\" * 63, "host": '"' * 64}
        numbers = {"horizon": HIGHEST, "base": HIGHEST, "holder": -2**63, "updated_unix_ms": MOST}
        fields = {"v": 1, **{name: str(value) for name, value in numbers.items()}, **texts}
        url, name = self.etcd.url("p" * 200), "n" * 63
        acquire(url, 0, 7, id_namespace=name)
        ttl = self.etcd.request("/v3/lease/grant", {"TTL": "60"})["ID"]
        for worker_id in range(1, 520):
            for kind, text, more in [("leases", json.dumps(fields), {}),
                                     ("holders", GOLDEN_HOLDER, {"lease": ttl})]:
                key = worker_key(kind, worker_id, name, "p" * 200)
                self.etcd.request("/v3/kv/put", {"key": self.etcd._base64(key), **more,
                                                 "value": self.etcd._base64(text)})
        leases = read(url, id_namespace=name)[1]
        self.assertEqual(520, len(leases))
        for worker_id, found in enumerate(leases[1:], 1):
            self.assertEqual({"worker_id": worker_id, "ttl_ms": 60000, **numbers, **texts}, found)

    def test_a_release_and_an_extension_keep_what_they_do_not_change(self):
        self.put(holder=GOLDEN_HOLDER)
        extend(self.url, 3, GOLDEN["holder"], span=0)
        self.assertEqual(GOLDEN, self.record(3))
        release(self.url, 3, GOLDEN["holder"], GOLDEN["base"])
        self.assertEqual({**GOLDEN, "holder": 0, "horizon": GOLDEN["base"]}, self.record(3))


if __name__ == "__main__":
    main()
