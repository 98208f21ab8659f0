"""The session of one leased link, without a network."""

from splitwave.common.protocol.messages import PROTOCOL_VERSION, Ready, Welcome
from tests.unit.basestation.base_station_parts import CONFIG, pass_block, session_of


def test_blocks_that_a_device_sent_before_it_received_the_second_welcome_do_not_count() -> None:
    session = session_of(0)
    session.spend_credit(2)
    assert session.accept(pass_block(0))
    session.start_over(Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None))
    assert not session.accept(pass_block(0, 1))
    assert session.unanswered == 0
    assert session.accept(Ready(8, 10, "digest"))
    assert session.accept(pass_block(0))
