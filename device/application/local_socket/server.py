"""The server of `DeviceApp` on a Unix socket, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from grpc import aio

from splitwave.common.errors import AddressError, SplitwaveError
from splitwave.common.runtime.readable_requests import ReadableRequests
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.device.application.local_socket.service import DeviceAppService
from splitwave.device.application.local_socket.socket_file import owned_socket, socket_path
from splitwave.device.application.submitter import Submitter

_GRACE_S = 2.0
_MOST_CALLS = 64
_BESIDE_THE_SAMPLE_BYTES = 64 * 1024
_BYTES_A_VALUE = 4


class AppServer:
    """Serves programs of this machine within a `with`."""

    def __init__(
        self, submitter: Submitter, address: str, mode: int = 0o600, on_lost: Callable[[], None] = lambda: None
    ):
        """Prepare a server.

        Args:
            submitter: of the device.
            address: unix:PATH.
            mode: permissions of the socket.
            on_lost: is called, from another thread, once the device's link has failed for good.

        Raises:
            AddressError: the address is not that of a socket with a path.
        """
        self._submitter = submitter
        self._path = socket_path(address, "--serve-app")
        self._mode = mode
        self._on_lost = on_lost
        self._lost: SplitwaveError | None = None
        self._failure: Exception | None = None
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name="device app", daemon=True)

    def __enter__(self) -> Self:
        """Serve, and watch the link.

        Raises:
            AddressError: the socket cannot be made, or another process has it.
        """
        self._thread.start()
        self._serving.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        self._submitter.link.on_failure(self._note_lost)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: calls under way have a short time, then the socket is removed."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def check_link(self) -> None:
        """Raise the error that ended the device's link, if it has ended."""
        if self._lost is not None:
            raise self._lost

    def _work(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except (SplitwaveError, OSError) as error:
            self._failure = error
        finally:
            self._loop.close()
            self._serving.set()

    async def _serve(self) -> None:
        server = aio.server(
            options=self._options(), maximum_concurrent_rpcs=_MOST_CALLS, interceptors=(ReadableRequests(),)
        )
        service = DeviceAppService(self._submitter)
        device_app_pb2_grpc.add_DeviceAppServicer_to_server(service, server)
        with owned_socket(self._path, self._mode):
            self._bind(server)
        try:
            await server.start()
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise
        self._serving.set()
        await self._stop.wait()
        # gRPC removes the socket before calls have their time; what is there after it is another device's.
        await server.stop(_GRACE_S)

    def _bind(self, server: aio.Server) -> None:
        try:
            server.add_insecure_port(f"unix:{self._path}")
        except RuntimeError:
            reason = "its folder does not exist, or cannot be written"
            raise AddressError(f"cannot listen on unix:{self._path}: {reason}") from None

    def _options(self) -> tuple[tuple[str, int], ...]:
        most = _BYTES_A_VALUE * self._submitter.link.features + _BESIDE_THE_SAMPLE_BYTES
        return (("grpc.max_receive_message_length", most),)

    def _note_lost(self, error: SplitwaveError) -> None:
        self._lost = error
        self._on_lost()
