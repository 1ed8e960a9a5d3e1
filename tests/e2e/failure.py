"""What a call has failed with, as a client reads it."""


class RpcFailure:
    """A caught error: code, message, and its google.rpc details."""

    def __init__(self, error):
        self.code = error.code()
        self.message = error.details()
        self.reason = None
        self.metadata = {}
        self.fields = []
        self.retry = False
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self._parse(value)

    def _parse(self, value):
        for number, detail in _fields(value):
            if number != 3:
                continue
            parts = dict(_fields(detail))
            kind = parts[1].decode().rsplit(".", 1)[-1]
            body = list(_fields(parts.get(2, b"")))
            if kind == "ErrorInfo":
                self.reason = dict(body).get(1, b"").decode()
                for number, entry in body:
                    if number == 3:
                        pair = dict(_fields(entry))
                        self.metadata[pair[1].decode()] = pair.get(2, b"").decode()
            elif kind == "BadRequest":
                self.fields += [dict(_fields(violation)).get(1, b"").decode() for _, violation in body]
            elif kind == "RetryInfo":
                self.retry = True

    def __repr__(self):
        return f"{self.code} {self.reason} {self.metadata} {self.fields}: {self.message}"


def _fields(data):
    """The fields of a message of which only length-delimited ones matter here."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 2:
            size, at = _varint(data, at)
            yield tag >> 3, data[at:at + size]
            at += size
        else:
            _, at = _varint(data, at)


def _varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
