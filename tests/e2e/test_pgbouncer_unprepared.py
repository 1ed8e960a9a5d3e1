"""The tests of calls, transactions and streams, through PgBouncer in transaction mode,
by a server that is told so from the start."""

import unittest

import test_crud
import test_faults
import test_import
import test_request_id
import test_sessions
import test_stream
import test_transact
from pgbouncer import through

UNPREPARED = "--statement_cache_size=0"
Crud = through("transaction", test_crud.Crud, UNPREPARED)
Transact = through("transaction", test_transact.Transact, UNPREPARED)
Sessions = through("transaction", test_sessions.Sessions, UNPREPARED)
AtOnce = through("transaction", test_request_id.AtOnce, UNPREPARED)
Streams = through("transaction", test_stream.Streams, UNPREPARED)
Imports = through("transaction", test_import.Imports, UNPREPARED)
Faults = through("transaction", test_faults.Faults, UNPREPARED)

if __name__ == "__main__":
    unittest.main()
