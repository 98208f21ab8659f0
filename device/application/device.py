"""A live device in Python: submit a sample, get the answer."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from os import PathLike
from types import TracebackType
from typing import Self
from weakref import WeakSet

from splitwave.device.application.answer import Answer
from splitwave.device.application.answer_stream import AnswerStream
from splitwave.device.application.device_options import DeviceOptions, opened, path_of
from splitwave.device.application.opening import EncoderKind, LinkOptions
from splitwave.device.application.sample import SampleError
from splitwave.device.application.submitter import Submitter, answer_within
from splitwave.device.application.waiting_samples import Buffer


class Device:
    """A device that submits its own samples to a base station that serves, and gets answers.

        with sw.Device(connect="192.168.1.10:50051", link=0) as device:
            print(device.infer(x).value)

    The link is open within the `with`. Any thread may use the device.
    """

    def __init__(
        self,
        connect: str,
        model: str | PathLike[str] | None = None,
        link: int | None = None,
        *,
        stream: int = 0,
        capture_period_ms: float | None = None,
        class_names: Sequence[str] = (),
        tls_dir: str | PathLike[str] | None = None,
        connect_timeout_s: float = 60.0,
        encoder: EncoderKind = "auto",
        trust: str | PathLike[str] | None = None,
    ) -> None:
        """Prepare a device; nothing is connected yet.

        Args:
            connect: HOST:PORT of a channel emulator or base station.
            model: the folder of the device's part, `device-K` of an exported model; None to get the base station's.
            link: the link to ask for; None for any that is free.
            stream: of queries that are submitted without one.
            capture_period_ms: the time between captures, the same on all devices, for queries named by capture time.
            class_names: the name of each class, for `Answer.class_name`.
            tls_dir: this device's certificates, as for `--tls-dir`; None for plaintext.
            connect_timeout_s: seconds to keep trying, at the start and when the connection is lost.
            encoder: the package that computes the network: `onnx`, `onnx-int8` (8-bit weights) or `torch`; `auto` takes
                ONNX Runtime where it is installed.
            trust: file with the public key that must have signed every model; None takes all.
        """
        options = LinkOptions(
            connect, path_of(model), link, path_of(tls_dir), connect_timeout_s, encoder, path_of(trust)
        )
        self._options = DeviceOptions(options, stream, capture_period_ms, tuple(class_names))
        self._submitter: Submitter | None = None
        self._streams: WeakSet[AnswerStream] = WeakSet()

    def __enter__(self) -> Self:
        """Open the link.

        Raises:
            SplitwaveError: it cannot be opened; the class says why.
        """
        self._submitter = self._options.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the link; what is unanswered then gets an error."""
        for stream in self._streams:
            stream.close()
        submitter, self._submitter = self._submitter, None
        if submitter is not None:
            submitter.close()

    def infer(
        self,
        x: object,
        *,
        stream: int | None = None,
        sequence: int | None = None,
        captured_ns: int | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Submit a sample and wait for its answer.

        Args:
            x: as for `submit`.
            stream: likewise.
            sequence: likewise.
            captured_ns: likewise.
            timeout_s: seconds to wait; None to wait until the base station answers or the link is lost.

        Raises:
            SplitwaveError: the sample is refused, the link is lost, or no answer came in time.
        """
        answer = self.submit(x, stream=stream, sequence=sequence, captured_ns=captured_ns)
        return answer_within(answer, timeout_s)

    def submit(
        self,
        x: object,
        *,
        stream: int | None = None,
        sequence: int | None = None,
        captured_ns: int | None = None,
    ) -> "Future[Answer]":
        """Submit a sample, and return without waiting for its answer.

        All devices give their parts of one query the same name: by `sequence`, or by `captured_ns`.

        Args:
            x: a NumPy array, flat or of the input shape: float32 in the range that the encoder expects, or uint8
                pixels.
            stream: < 2³²; None for the device's own.
            sequence: < 2⁶⁴; None for the one after the highest of the stream.
            captured_ns: the capture time in nanoseconds of a clock that all devices share.

        Raises:
            SplitwaveError: the sample or its name is refused.
        """
        return opened(self._submitter, "Device").submit(x, stream=stream, sequence=sequence, captured_ns=captured_ns)

    def stream(
        self,
        source: Iterable[object],
        *,
        buffer: Buffer = "block",
        most_waiting: int = 64,
        on_refused: Callable[[SampleError], None] | None = None,
    ) -> AnswerStream:
        """Submit the samples of an iterable, and iterate over their answers in the same order.

        The `dropped` of the iterator tells how many samples were dropped.

        Args:
            source: of arrays, or of mappings with `x` and some of `stream`, `sequence` and `captured_ns`; it is read by
                another thread.
            buffer: what happens to samples that come faster than they are answered: `block` reads the source more
                slowly, `latest` keeps the newest alone, `drop-oldest` keeps the newest `most_waiting`.
            most_waiting: samples that wait.
            on_refused: gets the error of each sample that is refused; without it the iterator raises the error.
        """
        stream = AnswerStream(opened(self._submitter, "Device"), source, buffer, most_waiting, on_refused)
        self._streams.add(stream)
        return stream
