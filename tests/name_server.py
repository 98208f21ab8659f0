"""A name server on this machine, whose names appear, move and disappear while a test runs."""

import socket
import struct
import threading
from collections import Counter
from types import TracebackType

_HEADER = struct.Struct("!6H")
_A, _IN = 1, 1
_RESPONSE, _NO_SUCH_NAME = 0x8400, 3


class NameServer:
    """Answers queries over UDP. The name server of a target is the address in `dns://ADDRESS/NAME:PORT`.

    Attributes:
        address: where it answers, HOST:PORT.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        host, port = self._socket.getsockname()
        self.address = f"{host}:{port}"
        self._hosts: dict[str, str] = {}
        self._lookups: Counter[str] = Counter()
        self._asked = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "NameServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def point(self, name: str, host: str | None) -> None:
        """Give a name an IPv4 address; None removes the name."""
        with self._asked:
            if host is None:
                self._hosts.pop(name, None)
            else:
                self._hosts[name] = host

    def lookups(self, name: str) -> int:
        """How often the address of a name has been asked for."""
        with self._asked:
            return self._lookups[name]

    def wait_for_lookups(self, name: str, lookups: int, limit_s: float) -> None:
        """Wait until the address of a name has been asked for so often."""
        with self._asked:
            assert self._asked.wait_for(lambda: self._lookups[name] >= lookups, limit_s), self._lookups

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(4096)
            if not query:
                return
            self._socket.sendto(self._answer(query), client)

    def _answer(self, query: bytes) -> bytes:
        number, *_ = _HEADER.unpack_from(query)
        labels, position = [], _HEADER.size
        while size := query[position]:
            labels.append(query[position + 1 : position + 1 + size].decode("ascii").lower())
            position += 1 + size
        question = query[_HEADER.size : position + 5]
        host = self._look_up(".".join(labels), struct.unpack("!H", question[-4:-2])[0])
        if host is None:
            return _HEADER.pack(number, _RESPONSE | _NO_SUCH_NAME, 1, 0, 0, 0) + question
        record = b"\xc0\x0c" + struct.pack("!HHIH", _A, _IN, 0, 4) + socket.inet_aton(host) if host else b""
        return _HEADER.pack(number, _RESPONSE, 1, bool(host), 0, 0) + question + record

    def _look_up(self, name: str, kind: int) -> str | None:
        """The address of a name, an empty text if it has none of this kind, or None if there is no such name."""
        with self._asked:
            if kind == _A:
                self._lookups[name] += 1
                self._asked.notify_all()
            host = self._hosts.get(name)
        return host if kind == _A or host is None else ""
