from splitwave.common.errors import SplitwaveError, UnreachableError
from splitwave.device.live.link_failure import LinkFailure

LOST = UnreachableError("no base station for 60 s")


def test_the_failure_reaches_each_listener_once_and_a_later_one_at_once() -> None:
    failure, heard = LinkFailure(), list[tuple[str, SplitwaveError]]()
    failure.tell(lambda error: heard.append(("first", error)))
    failure.tell(lambda error: heard.append(("forgotten", error)))()
    failure.come(LOST)
    forget = failure.tell(lambda error: heard.append(("later", error)))
    forget()
    assert heard == [("first", LOST), ("later", LOST)]
    assert failure.error is LOST
    assert failure.listeners == 0
