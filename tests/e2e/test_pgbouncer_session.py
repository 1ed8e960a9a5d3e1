"""The tests of calls, transactions and streams, through PgBouncer in session mode."""

import unittest

import test_crud
import test_faults
import test_import
import test_request_id
import test_sessions
import test_stream
import test_transact
from pgbouncer import through

Crud = through("session", test_crud.Crud)
Transact = through("session", test_transact.Transact)
Sessions = through("session", test_sessions.Sessions, "--statement_cache_size=0")
Replay = through("session", test_request_id.Replay)
AtOnce = through("session", test_request_id.AtOnce)
Streams = through("session", test_stream.Streams)
Imports = through("session", test_import.Imports)
Faults = through("session", test_faults.Faults)

if __name__ == "__main__":
    unittest.main()
