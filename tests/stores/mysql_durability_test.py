# SPDX-License-Identifier: Apache-2.0
"""A MariaDB that forgets what it has committed when it is killed would grant IDs twice."""

import unittest

from mariadb_server import DriverCase, MariaDb, main


class MysqlDurability(DriverCase, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MariaDb()
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_a_server_that_does_not_write_what_it_commits_is_refused(self):
        self.set_environment()
        self.init()
        self.assertEqual([(1, 5)], self.take("tag", "--create", "5"))
        self.server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
        self.refused("STORE_SCHEMA", says="innodb_flush_log_at_trx_commit must be 1: it is 0")
        self.server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        self.assertEqual([(6, 10)], self.take("tag"))


if __name__ == "__main__":
    main()
