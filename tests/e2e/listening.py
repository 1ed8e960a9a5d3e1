"""What stands between two programs of a test: it takes connections, and each has a thread of its own."""

import contextlib
import os
import shutil
import socket
import tempfile
import threading

SOCKET = ".s.PGSQL.5432"  # in a folder that is a host of PostgreSQL


class Listening:
    """Calls `serve` with each connection to `listener`, which listens already, until close()."""

    def __init__(self, listener, serve):
        self.listener = listener
        threading.Thread(target=self._accept, args=(serve,), daemon=True).start()

    def _accept(self, serve):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class InPlaceOfPostgres(Listening):
    """On a Unix socket of its own, where clients look for a PostgreSQL: `dir` is its host."""

    def __init__(self, serve):
        self.dir = tempfile.mkdtemp(prefix="pg-proxy-")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(self.dir, SOCKET))
        listener.listen(64)
        super().__init__(listener, serve)

    def close(self):
        super().close()
        shutil.rmtree(self.dir, ignore_errors=True)
