"""How long the rest of a shard will take, from how long its windows have taken so far."""

from dataclasses import dataclass

from analysis.worker.sweeping.checkpoints import Clock


@dataclass
class Pace:
    clock: Clock
    _windows: int = 0
    """Of the shards that have ended, which took so many seconds."""
    _seconds: float = 0.0
    _under_way: int = 0
    """Windows of the shard under way, of which so many have been given to the model."""
    _given: int = 0
    _begun: float = 0.0

    def begin(self, n_windows: int) -> None:
        """A shard of so many windows."""
        self._under_way, self._given, self._begun = n_windows, 0, self.clock()

    def add(self, n_windows: int) -> None:
        self._given += n_windows

    def end(self) -> None:
        self._windows += self._under_way
        self._seconds += self.clock() - self._begun

    def left(self) -> float | None:
        """Seconds to the end of the shard under way; None while nothing tells. The first shard is
        measured by its own beginning."""
        windows, seconds = self._windows, self._seconds
        if not windows:
            windows, seconds = self._given, self.clock() - self._begun
        return seconds / windows * (self._under_way - self._given) if windows else None
