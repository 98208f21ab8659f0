"""A live device's part of one connection: no training and no passes, but samples of the device's own."""

from collections.abc import Callable

from splitwave.common.errors import DataError, ProtocolError, SplitwaveError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_messages import ModelChunk, ModelReady, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.messages import Downlink, Finish, Hello, SetLink, Uplink, Welcome
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.version_check import check_basestation_version
from splitwave.device.inference.encoder import LiveEncoder
from splitwave.device.live.live_models import LiveModels
from splitwave.device.live.model_receiver import ModelReceiver, OpenEncoder
from splitwave.device.live.part_sender import PartSender
from splitwave.device.live.pending_queries import PendingQueries, PendingQuery


class LiveSession:
    """Reacts to the messages down, and hands queries to the sender once the device is ready.

    Attributes:
        finished: whether the base station has ended its service.
    """

    def __init__(
        self,
        hello: Hello,
        *,
        models: LiveModels,
        pending: PendingQueries,
        receiver: ModelReceiver,
        open_encoder: OpenEncoder,
        ready: Callable[[], None],
        clock: Callable[[], int],
    ) -> None:
        """Set up a session.

        Args:
            hello: the first message up.
            models: of the device.
            pending: its queries, those of earlier connections, too.
            receiver: writes the models that the base station sends.
            open_encoder: opens the folder of such a model.
            ready: is called when queries can be sent.
            clock: nanoseconds, monotonic.
        """
        self._hello = hello
        self._models = models
        self._pending = pending
        self._receiver = receiver
        self._open_encoder = open_encoder
        self._ready = ready
        self._clock = clock
        self._send: Callable[[Uplink], None] | None = None
        self._sender: PartSender | None = None
        self._welcome: Welcome | None = None
        self.finished = False

    def hello(self) -> Hello:
        """The first message up."""
        return self._hello

    @property
    def contract(self) -> LinkContract | None:
        """The limits of what the leased link may carry; None before the device is ready."""
        return self._models.current.contract if self._models.number and self._models.current else None

    def send_with(self, send: Callable[[Uplink], None]) -> None:
        """Set how messages leave; may be called from any thread."""
        self._sender = PartSender(self._models, send, self._clock)
        self._send = send

    def submit(self, query: PendingQuery) -> None:
        """Send a pending query; before the device is ready it waits, and leaves then."""
        if self._sender is not None:
            self._sender.submit(query)

    def handle(self, message: Downlink, heard_ns: int) -> None:
        """React to a message that was received at `heard_ns`.

        Raises:
            ProtocolError: it does not fit the state of the connection.
            CheckpointError: the model that is in use at the base station cannot be used here.
        """
        match message:
            case Welcome():
                self._accept(message)
            case QueryAnswer():
                query = self._pending.pop(message.key)
                if query is not None:  # else this answer is to a part that was sent on an earlier connection, too
                    query.answer(message, heard_ns)
            case ModelChunk():
                self._take(message)
            case UseModel():
                self._models.use(message.number)
            case Reencode():
                query = self._pending.find(message.key)
                if query is None:
                    raise ProtocolError(f"{QueryName.of(message.key)} is to be sent again, but was answered")
                self._send_again(query, message.model)
            case SetLink():
                self._models.set_beta(message.setting.beta)
            case Finish():
                self.finished = True
            case _:
                raise ProtocolError(f"{type(message).__name__} came to a device that submits samples of its own")

    def block_packed(self, key: BlockKey, cost: UplinkCost) -> None:
        """A block is serialised; nothing counts its cost, which `SymbolBlock`s of passes report."""

    def block_sent(self, key: BlockKey) -> None:
        """The transport takes a block."""
        query = self._pending.find(key)
        if query is not None:
            query.sent(self._clock())

    def close(self) -> None:
        """Forget a model that has come in part."""
        self._receiver.discard()

    def _accept(self, welcome: Welcome) -> None:
        check_basestation_version(welcome)
        if not welcome.model_number:
            raise ProtocolError("the base station serves no model: expected one that `splitwave serve` started")
        self._welcome = welcome
        if self._models.begin(welcome.model_number, welcome.model_version):
            self._answer(ModelReady(welcome.model_number))
            self._begin()

    def _take(self, chunk: ModelChunk) -> None:
        folder = self._receiver.take(chunk)
        if folder is None:
            return
        try:
            encoder = self._receiver.open(folder, self._open_encoder)
            if encoder.version != chunk.version:
                raise ProtocolError(f"the base station calls model {encoder.version} by the version {chunk.version}")
            self._check_link(encoder)
            self._models.add(chunk.number, encoder)
        except SplitwaveError as error:
            if not self._models.number:
                raise
            self._answer(ModelReady(chunk.number, str(error)))  # the device goes on with the model that it has
            return
        self._answer(ModelReady(chunk.number))
        self._begin()

    def _send_again(self, query: PendingQuery, number: int) -> None:
        try:
            self._begun.send_again(query, number)
        except DataError as error:  # the station gives it up when its time is over
            self._pending.give_up(query, error)

    def _begin(self) -> None:
        assert self._models.current is not None  # a model is in use
        link = self._check_link(self._models.current)
        self._begun.begin(link, self._pending)
        self._ready()

    def _check_link(self, encoder: LiveEncoder) -> int:
        if self._welcome is None:
            raise ProtocolError("a model came before the handshake was over")
        if encoder.contract.link != self._welcome.link:
            raise ProtocolError(
                f"the base station leased link {self._welcome.link}, but the model is for link {encoder.contract.link}"
            )
        return self._welcome.link

    def _answer(self, body: Uplink) -> None:
        assert self._send is not None  # set before the first message is heard
        self._send(body)

    @property
    def _begun(self) -> PartSender:
        if self._sender is None:
            raise ProtocolError("a part of a query was asked for before the handshake was over")
        return self._sender
