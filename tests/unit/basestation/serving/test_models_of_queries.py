from splitwave.common.protocol.live_messages import Outcome
from tests.unit.basestation.serving.live_parts import Station

ANSWERED = Outcome.ANSWERED


def test_the_newest_model_wins_and_older_parts_are_encoded_again() -> None:
    station = Station()
    old = station.take(station.sessions[0], model=1)
    station.take(station.sessions[1], model=2)
    assert station.reencoded == [(old, 2)]
    late = station.take(station.sessions[2], model=1)
    assert station.reencoded == [(old, 2), (late, 2)]
    station.take(station.sessions[2], model=2)
    station.take(station.sessions[0], model=2)
    (query,) = station.decoding
    assert query.model == 2
    assert {part.model for part in query.parts} == {2}
    station.answer()
    assert station.outcomes() == [(0, ANSWERED), (1, ANSWERED), (2, ANSWERED)]


def test_a_device_without_the_newest_model_makes_the_others_encode_again() -> None:
    station = Station(links=2)
    new = station.take(station.sessions[0], model=2)
    joined = station.connect(1, models=(1,))
    station.take(joined, model=1)
    assert station.reencoded == [(new, 1)]
    station.take(station.sessions[0], model=1)
    (query,) = station.decoding
    assert query.model == 1


def test_a_part_of_an_older_model_whose_device_is_gone_counts_for_nothing() -> None:
    station = Station()
    station.take(station.sessions[0], model=1)
    station.disconnect(station.sessions[0])
    for session in station.sessions[1:]:
        station.take(session, model=2)
    assert (station.reencoded, station.decoding) == ([], [])
    station.take(station.connect(0), model=2)
    assert [query.model for query in station.decoding] == [2]
