"""The way to the database, which a test can make fail: connections that go silent, are late, cut or refused."""

import contextlib
import os
import socket
import struct
import threading
import time

from listening import SOCKET, Listening


class Link:
    """A connection that goes through the Network. Once it is silent it stays so."""

    def __init__(self, client, server, silent):
        self.client, self.server = client, server
        self.silent = silent
        self.cut = False  # the answer to its COMMIT is to be lost

    def end(self, reset=False):
        for one in (self.client, self.server):
            with contextlib.suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)


class Network:
    """A TCP port in front of PostgreSQL's Unix socket, on which a fault can be had until calm()."""

    def __init__(self, upstream):
        self.upstream = os.path.join(upstream, SOCKET)
        self.lock = threading.Lock()
        self.links = set()
        # Bound, not listening: nobody else is given the port while connections to it are refused.
        self.place = self._bound(0)
        self.port = self.place.getsockname()[1]
        self.listening = None
        self.calm()

    def calm(self):
        """The fault is over. What has been swallowed is lost, and what is on its way still is late."""
        with self.lock:
            self.new_are_silent = self.commits_are_cut = False
            self.delays = {"questions": 0, "answers": 0}
        if self.listening is None:
            listener = self._bound(self.port)
            listener.listen(128)
            self.listening = Listening(listener, self._serve)

    def connections(self):
        with self.lock:
            return len(self.links)

    def half_open(self):
        """What is connected now is never heard again, and never closed. New connections work."""
        with self.lock:
            for link in self.links:
                link.silent = True

    def black_hole(self):
        """As half_open, and so is each connection that is made before calm()."""
        self.new_are_silent = True
        self.half_open()

    def delay(self, **seconds):
        """`questions` or `answers` come so many seconds later."""
        self.delays.update(seconds)

    def cut_commits(self):
        """Each connection is cut when a COMMIT has been done and before that is heard."""
        self.commits_are_cut = True

    def refuse(self):
        """Connections are reset, and none is accepted."""
        self.listening.close()
        self.listening = None
        self._reset()

    def close(self):
        if self.listening:
            self.listening.close()
        self.place.close()
        self._reset()

    @staticmethod
    def _bound(port):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        return made

    def _reset(self):
        with self.lock:
            links = list(self.links)
        for link in links:
            link.end(reset=True)

    def _serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, socket.socket(socket.AF_UNIX) as server:
            with self.lock:
                link = Link(client, server, self.new_are_silent)
                self.links.add(link)
            try:
                server.connect(self.upstream)
                answers = threading.Thread(target=self._pump, args=(link, server, client, "answers"), daemon=True)
                answers.start()
                self._pump(link, client, server, "questions")
                answers.join()
            except OSError:
                pass  # PostgreSQL is not there
            with self.lock:
                self.links.discard(link)

    def _pump(self, link, source, target, direction):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delays[direction])
                if self.commits_are_cut and direction == "questions" and b"COMMIT\0" in data:
                    link.cut = True
                if link.cut and direction == "answers" and b"COMMIT\0" in data:
                    break
                if not link.silent:
                    target.sendall(data)
        # The end of a connection that is silent is not heard either.
        if not link.silent:
            link.end()
