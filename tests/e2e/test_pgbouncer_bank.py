"""The bank, whose PostgreSQL is behind PgBouncer: between it and the server stands the proxy that loses commits."""

import unittest

import test_bank
from pgbouncer import PgBouncer


class TransactionMode(test_bank.Bank):
    MODE = "transaction"
    POOL_SIZE = 20
    SECONDS = 9

    def upstream(self):
        pgbouncer = PgBouncer(self.cluster, self.MODE, self.POOL_SIZE, server_login_retry=1)
        self.addCleanup(pgbouncer.close)
        return pgbouncer.dir


class SessionMode(TransactionMode):
    MODE = "session"
    POOL_SIZE = 40


if __name__ == "__main__":
    unittest.main()
