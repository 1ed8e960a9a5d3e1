"""HTTP/2 by hand (RFC 9113), for clients that no library would be: as few frames and as little HPACK as gRPC needs."""

import socket
import struct
import threading
import time

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
CANCEL = struct.pack(">I", 8)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def string(text):
    """An HPACK string without Huffman's code."""
    data = text.encode()
    return integer(len(data), 7, 0) + data


def integer(value, bits, first):
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out = bytes([first | most])
    value -= most
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def literal(name, value):
    """A header that the table of names does not get."""
    return b"\x00" + string(name) + string(value)


class Requests:
    """Header blocks of one connection's requests: the first tells the table of names, the others name what is there."""

    def __init__(self, path, **headers):
        self.headers = {":path": path, ":authority": "localhost", "content-type": "application/grpc", "te": "trailers",
                        **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.first = True

    def block(self):
        block = b"\x83\x86"  # :method POST, :scheme http
        if self.first:
            self.first = False
            for name, value in self.headers.items():
                block += b"\x40" + string(name) + string(value)
        else:
            block += bytes(0x80 | 62 + i for i in reversed(range(len(self.headers))))
        return block


def message(body, compressed=False):
    """gRPC's prefix, and the message."""
    return bytes([compressed]) + struct.pack(">I", len(body)) + body


def data(stream, body, last=True, size=16384):
    """DATA frames of a whole message."""
    parts = [body[i:i + size] for i in range(0, len(body), size)] or [b""]
    return b"".join(frame(DATA, END_STREAM if last and i == len(parts) - 1 else 0, stream, part)
                    for i, part in enumerate(parts))


class Peer:
    """A connection that reads what comes only to throw it away, unless it is told not to. Without `acknowledges` the
    server's settings are not in force, its limit of streams among them."""

    def __init__(self, port, reads=True, window=None, acknowledges=True):
        self.socket = socket.socket()
        if not reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        settings = b"" if window is None else struct.pack(">HI", 4, window)
        self.open = True
        self.received = 0
        self.send(PREFACE + frame(SETTINGS, 0, 0, settings))
        if reads:
            self.received += len(self.socket.recv(1 << 16))  # the server's settings
            self.reader = threading.Thread(target=self._read, daemon=True)
            self.reader.start()
        if acknowledges:
            self.send(frame(SETTINGS, ACK, 0))

    def _read(self):
        try:
            while True:
                part = self.socket.recv(1 << 16)
                if not part:
                    break
                self.received += len(part)
        except OSError:
            pass
        self.open = False

    def send(self, data):
        """False: the server has ended the connection, or takes no more."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            self.open = False
            return False

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def closed_within(self, seconds):
        end = time.monotonic() + seconds
        while self.open and time.monotonic() < end:
            time.sleep(0.01)
        return not self.open
