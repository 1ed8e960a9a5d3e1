"""The tests of calls, transactions and streams, through PgBouncer in transaction mode."""

import unittest

import test_crud
import test_faults
import test_import
import test_request_id
import test_sessions
import test_stream
import test_transact
from pgbouncer import through

Crud = through("transaction", test_crud.Crud)
Transact = through("transaction", test_transact.Transact)
Locks = through("transaction", test_transact.Locks)
Sessions = through("transaction", test_sessions.Sessions)
Replay = through("transaction", test_request_id.Replay)
AtOnce = through("transaction", test_request_id.AtOnce)
Streams = through("transaction", test_stream.Streams)
Imports = through("transaction", test_import.Imports)
Faults = through("transaction", test_faults.Faults)

if __name__ == "__main__":
    unittest.main()
