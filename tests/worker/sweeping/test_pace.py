"""When a shard will have ended, by a clock that the test moves."""

from analysis.worker.sweeping.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_known_before_the_first_windows() -> None:
    pace = Pace(Clock())
    pace.begin(10)
    assert pace.left() is None


def test_the_first_shard_is_measured_by_its_own_beginning() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.begin(10)
    pace.add(4)
    clock.now += 2
    assert pace.left() == 3  # 6 windows of half a second


def test_later_shards_are_measured_by_those_that_have_ended() -> None:
    clock = Clock()
    pace = Pace(clock)
    for n_windows, seconds in ((10, 2.0), (30, 6.0)):
        pace.begin(n_windows)
        pace.add(n_windows)
        clock.now += seconds
        pace.end()
    clock.now += 1000  # publishing and saving in between count for nothing
    pace.begin(20)
    pace.add(5)
    clock.now += 50
    assert pace.left() == 3  # 15 windows of a fifth of a second


def test_the_whole_of_a_shard_that_has_not_begun_is_left() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.begin(8)
    pace.add(8)
    clock.now += 4
    pace.end()
    pace.begin(8)
    assert pace.left() == 4
