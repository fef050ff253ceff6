# SPDX-License-Identifier: Apache-2.0
"""What a fleet refuses on a real server, and what it says: worker IDs that are configured twice, a pool
that is used up, servers, passwords, certificates and namespaces that are wrong, records that were lost."""

import os
import shutil
import signal
import socket
import time

from etcd_server import Certificates, Etcd
from fleet_support import EtcdStore, FleetCase, MariaDbStore, PostgresStore
from mariadb_server import PASSWORD
from segment_support import main

OFTEN = {"pause_us": 5000, "burst": 2}
TTL_S = 3.0
HELD = 'region "default" on host "{}"'


class StaticContract:
    """A worker ID that is configured on two hosts."""

    settings = {"horizon_ms": 1000, "lease_ttl_ms": int(TTL_S * 1000), "wait_timeout_ms": 5000}

    def tearDown(self):
        self.count_ids()

    def two_alike(self, **settings):
        return [self.host(worker_id=5, **settings) for _ in range(2)]

    def assert_held(self, host):
        host.refused("WORKER_HELD", f'worker ID 5 of namespace .*{HELD.format(socket.gethostname())}')

    def test_the_second_host_is_refused_until_the_first_retires(self):
        first, second = self.two_alike(lease_ttl_ms=60_000)
        first.start(2, **OFTEN)
        self.wait_for_draws(first.drawers)
        self.assert_held(second)
        self.assertEqual([], first.finish())
        self.assert_held(second)
        first.run("retire")
        self.assertLess(first.drawers[0].last(), second.gen()[0])
        self.assert_held(first)

    def test_a_host_that_lost_all_waits_for_its_time_to_live_or_an_operator(self):
        first, second = self.two_alike()
        operated = self.two_alike(lease_ttl_ms=60_000, id_namespace=f"{type(self).__name__}-freed")
        for host in (first, operated[0]):
            host.start(2, **OFTEN)
        self.wait_for_draws(first.drawers + operated[0].drawers)
        lease = first.run("lease", "list")["leases"][0]
        over = time.monotonic() + lease["ttl_ms"] / 1000  # at the earliest
        for host in (first, operated[0]):
            host.kill()
        self.assert_held(operated[1])
        operated[1].run("lease", "free", "5")
        operated[1].gen()
        self.wait_until("the second host may have it", lambda: self.is_given(second), TTL_S + 30)
        self.assertGreater(time.monotonic(), over)
        self.assertLess(max(d.last() for d in first.all_drawers), min(second.printed))

    def is_given(self, host):
        try:
            self.assert_held(host)
            return False
        except AssertionError:
            return bool(host.gen())

    def test_a_host_that_kept_its_state_directory_is_back_at_once(self):
        first, second = self.two_alike(lease_ttl_ms=60_000)
        for _ in range(3):
            first.start(2, **OFTEN)
            self.wait_for_draws(first.drawers)
            first.kill()
            self.assert_held(second)


class BadInputContract:
    settings = {"wait_timeout_ms": 3000}

    def test_an_unreachable_server_is_said_with_its_address(self):
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
        host = self.host(store=self.url_behind(self.store, port), wait_timeout_ms=500)
        for settings in ({}, {"SHMFLAKE_WORKER_ID": "3"}):
            host.env.update(settings)
            host.refused("STORE_UNAVAILABLE", rf"://127\.0\.0\.1:{port}/ids: .*([Rr]efused|[Cc]onnect)")

    def test_a_wrong_password_is_refused_and_not_shown(self):
        host = self.host()
        url = self.locked_url()
        host.env.update(SHMFLAKE_STORE=url, SHMFLAKE_STORE_PASSWORD="not-the-secret")
        message = host.refused("STORE_DENIED", "127.0.0.1")
        self.assertNotIn("not-the-secret", message)

    def locked_url(self):
        return self.store.url()

    def test_another_layout_or_epoch_in_the_namespace_is_refused(self):
        self.host().gen()
        for other in ({"worker_id_bits": 6}, {"epoch_ms": 1700000000000}, {"tick_us": 2000}):
            self.host(**other).refused("STORE_LAYOUT", "test_another_layout_or_epoch")

    def test_a_worker_id_above_the_layouts_is_refused(self):
        self.host(worker_id=15).gen()
        self.host(worker_id=16).refused("WORKER_ID", r"0\.\.15.*16")

    def test_a_pool_that_is_used_up_names_who_holds_it(self):
        two = [self.host(worker_id_bits=1) for _ in range(2)]
        for host in two:
            host.gen()
        third = self.host(worker_id_bits=1)
        who = HELD.format(socket.gethostname())
        third.refused("WORKERS_EXHAUSTED", f"all 2 worker IDs .*: 0 by {who}.*, 1 by {who}")
        two[0].run("lease", "release")
        third.gen()

    def test_a_store_that_was_emptied_is_refused_by_living_and_new_regions(self):
        living = self.host(horizon_ms=2000, lease_ttl_ms=60_000)
        living.start(1, **OFTEN)
        self.wait_for_draws(living.drawers)
        self.empty_store()
        self.wait_for_refusal(living, "STORE_REPLACED", time.monotonic())
        living.drawers[0].kill()
        living.remove_region()
        living.refused("STORE_REPLACED", "not the one that this namespace was started with")

    def empty_store(self):
        if isinstance(self.store, EtcdStore):
            self.store.server.request("/v3/kv/deleterange", {
                "key": self.store.server._base64("ids/"), "range_end": self.store.server._base64("ids0")})
        else:
            self.store.server.sql("DELETE FROM shmflake_leases; DELETE FROM shmflake_namespaces")

    def test_an_older_backup_under_a_living_region_is_refused(self):
        living = self.host(horizon_ms=2500, lease_ttl_ms=60_000)
        living.start(1, **OFTEN)
        self.wait_for_draws(living.drawers)
        self.store.stop()
        self.copy_data("backup")
        self.store.start()
        horizon = living.run("lease", "list")["leases"][0]["horizon_unix_ms"]
        self.wait_until("the lease was extended after the backup", lambda: living.run(
            "lease", "list")["leases"][0]["horizon_unix_ms"] > horizon + 1000)
        self.store.stop()
        self.copy_data("restored")
        restored = time.monotonic()
        self.store.start()
        message = self.wait_for_refusal(living, "STORE_BACKWARDS", restored)
        self.assertIn(self.shown(), message)

    def wait_for_refusal(self, living, code, since):
        """What the callers are told, which is not what kept a last attempt from being answered."""
        self.wait_until(f"the living region says {code}", lambda: any(
            call[2] == code for call in living.drawers[0].failed_calls(since)), patience_s=20)
        return next(call[3] for call in living.drawers[0].failed_calls(since) if call[2] == code)

    def copy_data(self, step):
        server = self.store.server
        data = server.members[0].directory if isinstance(self.store, EtcdStore) else server.data
        copy = data + "-copy"
        source, target = (data, copy) if step == "backup" else (copy, data)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, copy_function=shutil.copy2,
                        ignore=lambda place, names: [n for n in names if n.endswith(".sock")])
        os.chmod(target, os.stat(source).st_mode & 0o777)
        if not isinstance(self.store, EtcdStore):
            server.give(target)


class SqlContract:
    def test_tables_that_are_missing_are_said_with_what_makes_them(self):
        self.store.server.sql("DROP TABLE shmflake_leases; DROP TABLE shmflake_namespaces")
        self.host().refused("STORE_SCHEMA", "shmflake store init")

    def test_a_certificate_of_another_name_is_refused(self):
        tls = self.store.server.certificates
        host = self.host(store=self.store.url(tls="verify", tls_ca=tls.ca))
        host.refused("STORE_(DENIED|UNAVAILABLE)", "[Cc]ertificate|TLS|SSL")
        good = self.host(store=self.store.url(host="localhost", tls="verify", tls_ca=tls.ca))
        good.gen()


class EtcdFleet(StaticContract, BadInputContract, FleetCase):
    store_class = EtcdStore

    def locked_url(self):
        locked = EtcdStore(auth=True)
        self.addCleanup(locked.close)
        locked.start()
        return locked.url()

    def test_a_certificate_of_another_name_is_refused(self):
        directory = os.path.join(self.states, "tls")
        os.mkdir(directory)
        certificates = Certificates(directory)
        pair = certificates.sign("server", "IP:127.0.0.1")
        with Etcd(tls=(*pair, certificates.ca)) as server:
            secure = {"tls": "verify", "tls_ca": certificates.ca}
            host = self.host(store=server.url(host="localhost", **secure))
            host.refused("STORE_(DENIED|UNAVAILABLE)", "[Cc]ertificate")
            self.host(store=server.url(**secure)).gen()


class PostgresFleet(StaticContract, BadInputContract, SqlContract, FleetCase):
    store_class = PostgresStore


class MariaDbFleet(StaticContract, BadInputContract, SqlContract, FleetCase):
    store_class = MariaDbStore


if __name__ == "__main__":
    main(beside_each_other=True)
