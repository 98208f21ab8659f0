"""The live control of one emulator: takes changes, keeps them, and tells watchers and links."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence

import structlog

from splitwave.channel.control.live_state import LiveState
from splitwave.channel.control.overrides import TIMES, overridden
from splitwave.channel.control.state_file import StateFile
from splitwave.channel.models.composite import link_channel
from splitwave.channel.models.trace import TraceChannel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError, ProtocolError, Refusal
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_changes import ChannelChange, ChannelReport, LinkReport, PlannedValues
from splitwave.common.protocol.channel_model import channel_model
from splitwave.common.protocol.cross_link import shared_place
from splitwave.common.protocol.live_channel import NO_VALUES, UNCHANGED, LiveChannel

log = structlog.get_logger()


class LiveControl:
    """Belongs to one event loop, in which blocks pass, too: a change is effective between two blocks.

    A change is kept in the file, if there is one, before it is effective: a restarted emulator knows what an operator
    has the answer to, and what blocks carry.
    """

    def __init__(self, file: StateFile | None = None) -> None:
        """Go on with the state of a file; without one, begin with the settings.

        Raises:
            ConfigError: the file is damaged.
        """
        self._file = file
        self._state = LiveState() if file is None else file.read()
        self._configs: dict[int, RunConfig] = {}
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._making: set[asyncio.Future[LiveState]] = set()
        if self._state.version:
            log.info("channel state restored", version=self._state.version, links=sorted(self._state.links))

    def at(self, link: int, key: BlockKey) -> LiveChannel:
        """The state that a block meets now."""
        return self._state.at(link, key)

    def welcome(self, link: int, config: RunConfig) -> None:
        """A device has a link of a run with these settings.

        Raises:
            ConfigError: the link cannot have the state that it was given before.
        """
        _check_link(self._state, link, config)
        self._configs[link] = config

    def report(self) -> ChannelReport:
        """The state of all links that are connected, or were changed."""
        state = self._state
        links = sorted({*self._configs, *state.links, *state.plans})
        return ChannelReport(state.version, tuple(self._link_report(link, state) for link in links))

    async def reports(self) -> AsyncGenerator[ChannelReport, None]:
        """The state now, and whenever it has changed since the last one was taken."""
        while True:
            changed = self._changed
            yield self.report()
            await changed.wait()

    async def change(self, changes: Sequence[ChannelChange]) -> ChannelReport:
        """Change links, all at once.

        Raises:
            ProtocolError: see `LiveState.changed`; or the channel of a connected link cannot be made so.
        """
        known = self._known
        state = await self._make(lambda before: before.changed(changes, known))
        for each in changes:
            link = "all" if each.link is None else each.link
            log.info("channel set", version=state.version, link=link, **each.values.given, reset=sorted(each.reset))
        return self.report()

    async def plan(self, rows: Iterable[PlannedValues]) -> ChannelReport:
        """Plan values by query, in place of earlier plans.

        Raises:
            ProtocolError: see `LiveState.planned`; or the channel of a connected link cannot be made so.
        """
        state = await self._make(lambda before: before.planned(rows))
        log.info("channel planned", version=state.version, rows={k: len(p.queries) for k, p in state.plans.items()})
        return self.report()

    @property
    def _known(self) -> range:
        """The links of the run."""
        return range(max((config.links for config in self._configs.values()), default=0))

    async def _make(self, make: Callable[[LiveState], LiveState]) -> LiveState:
        """Make, check, keep and use a new state; once begun, it is completed, even if its caller has gone."""
        making = asyncio.ensure_future(self._made(make))
        self._making.add(making)
        making.add_done_callback(self._making.discard)
        return await asyncio.shield(making)

    async def _made(self, make: Callable[[LiveState], LiveState]) -> LiveState:
        async with self._one_at_a_time:
            # In a thread, because blocks pass meanwhile: a plan may have a million rows.
            state = await asyncio.to_thread(self._kept, make, self._state, dict(self._configs))
            self._state = state
        before, self._changed = self._changed, asyncio.Event()
        before.set()
        return state

    def _kept(
        self, make: Callable[[LiveState], LiveState], before: LiveState, configs: Mapping[int, RunConfig]
    ) -> LiveState:
        """A new state, which all connected links can have, in the file; handshakes check it for other links."""
        state = make(before)
        try:
            for link, config in configs.items():
                _check_link(state, link, config)
            if self._file is not None:
                self._file.write(state)
        except (ConfigError, DataError) as error:
            raise ProtocolError(str(error), Refusal.FAILED_PRECONDITION) from None
        except OSError as error:
            raise ProtocolError(f"the state cannot be kept: {error}", Refusal.FAILED_PRECONDITION) from None
        return state

    def _link_report(self, link: int, state: LiveState) -> LinkReport:
        plan = state.plans.get(link)
        planned = 0 if plan is None else len(plan.queries)
        return LinkReport(link, state.links.get(link, UNCHANGED), planned, link in self._configs)


def _check_link(state: LiveState, link: int, config: RunConfig) -> None:
    for values in state.kinds(link):
        if shared_place(config) is not None and not values.given.keys() <= TIMES:
            given = ", ".join(sorted(values.given.keys() - TIMES))
            raise ConfigError(f"link {link}: no {given} where links meet: channel.model = {config.channel.names}")
        if values.psnr_db is not None and (path := _psnr_trace(config, link)) is not None:
            raise ConfigError(f"link {link}: no psnr_db, which the trace {path} has: set gain_db")
        if values != NO_VALUES:
            link_channel(overridden(config, link, values), link)


def _psnr_trace(config: RunConfig, link: int) -> str | None:
    """The file of a trace that says the link's PSNR; None without one."""
    for choice in config.channel.chain(link):
        model = channel_model(choice, config, link)
        if isinstance(model, TraceChannel) and model.has_psnr:
            return str(choice.options["path"])
    return None
