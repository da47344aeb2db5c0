"""A network between clients and a broker, which can be cut."""

import contextlib
import socket
import struct
import threading

_AT_ONCE = struct.pack("ii", 1, 0)  # with SO_LINGER: closing resets the connection
_LIMIT_S = 10.0


class Proxy:
    """
    Forwards bytes to a port; connections are refused before `listen`.

    Args:
        target: The port.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, target):
        self._target = target
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._streams = set()
        self._threads = []
        self._is_over = False
        self._reserve(0)

    def listen(self):
        """Take connections from now on."""
        self._door.listen(64)
        self._start(self._accept, self._door)

    def hold(self):
        """Forward nothing, and close nothing: as a cable that is pulled out."""
        self._flows.clear()

    def let_go(self):
        """Forward what was held, and what comes."""
        self._flows.set()

    def refuse(self):
        """Reset every connection, and refuse others until `listen`."""
        self._shut(self._door)
        with self._lock:
            streams = tuple(self._streams)
        for stream in streams:
            with contextlib.suppress(OSError):
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._shut(stream, socket.SHUT_RD)
        self._reserve(self.port)

    def end(self):
        self._is_over = True
        self.refuse()
        self._door.close()
        self._flows.set()
        for thread in self._threads:
            thread.join(_LIMIT_S)

    def _reserve(self, port):
        self._door = socket.socket()
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._door.bind(("127.0.0.1", port))
        self.port = self._door.getsockname()[1]

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, door):
        with contextlib.suppress(OSError):
            while True:
                near = door.accept()[0]
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                with self._lock:
                    self._streams |= {near, far}
                self._start(self._pump, near, far)
                self._start(self._pump, far, near)

    def _pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                if self._is_over:
                    break
                sink.sendall(data)
        self._flows.wait()
        for stream in (source, sink):
            self._shut(stream)

    def _shut(self, stream, how=socket.SHUT_RDWR):
        """Wake who waits for it, and close it."""
        with self._lock:
            self._streams.discard(stream)
        with contextlib.suppress(OSError):
            stream.shutdown(how)
        stream.close()
