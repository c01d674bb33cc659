"""What scorers compare: one unit's activations on a pool, and what was predicted for them.

Everything that depends on the unit alone is computed once and serves the explanation and its
baselines alike.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64
from numpy import ndarray

from analysis.score.calibration import Linear
from analysis.score.pools import Pool
from analysis.score.tails import Firing, Tail


@dataclass(frozen=True)
class Decisions:
    """Above what the program answers yes, chosen on calibration, with the judged tail upwards;
    None: it could not be chosen."""

    detection: float | None = None
    fuzzing: float | None = None


@dataclass(frozen=True)
class Prediction:
    """What an explanation or baseline says of one unit on one pool."""

    values: Float[ndarray, "window pos"]
    """In the unit's own units; must be finite wherever positions count."""
    decisions: Decisions = Decisions()
    top: Float[ndarray, "top pos"] | None = None
    """Of the unit's top windows, for the protocol top+random."""
    line: Linear | None = None
    """R² and deviation are of this line of the values; of the values themselves where it is None.
    All other metrics are of the values: where the line falls, it would turn r into |r|."""


@dataclass(frozen=True)
class TopWindows:
    """The windows of the split that make the unit fire most; other units have others."""

    actual: Float[ndarray, "top pos"]
    lengths: Int64[ndarray, " top"]
    documents: Int64[ndarray, " top"]


@dataclass(frozen=True)
class Centred:
    """Numbers of a pool about a point near their mean, and their sums in each window; everything is
    0 where it does not count."""

    values: Float64[ndarray, "window pos"]
    centre: float
    counted: Bool[ndarray, "window pos"]

    @cached_property
    def about(self) -> Float64[ndarray, "window pos"]:
        return np.where(self.counted, self.values - self.centre, 0)

    @cached_property
    def n(self) -> Int64[ndarray, " window"]:
        return np.asarray(np.count_nonzero(self.counted, axis=1))

    @cached_property
    def sums(self) -> Float64[ndarray, " window"]:
        """Σx about the centre."""
        return np.asarray(self.about.sum(1))

    @cached_property
    def squares(self) -> Float64[ndarray, " window"]:
        """Σx² about the centre."""
        return np.asarray(np.einsum("wp,wp->w", self.about, self.about))

    @cached_property
    def magnitude(self) -> Float64[ndarray, " window"]:
        """Σ|a|."""
        return np.asarray(np.abs(self.values).sum(1))

    @cached_property
    def power(self) -> Float64[ndarray, " window"]:
        """Σa²."""
        return np.asarray(np.einsum("wp,wp->w", self.values, self.values))


@dataclass(frozen=True)
class Target:
    """A unit's activations on a pool; position by position 0 where it does not count."""

    pool: Pool
    actual: Float64[ndarray, "window pos"]
    counted: Bool[ndarray, "window pos"]
    n_left_out: int
    firing: Firing | None
    """None: it is not known when the unit fires."""
    top: TopWindows | None

    @property
    def tail(self) -> Tail | None:
        """Which one detection, fuzzing and AUROC judge."""
        return None if self.firing is None else self.firing.tail

    def upwards(self, values: Float[ndarray, "*axes"]) -> Float[ndarray, "*axes"]:
        """Activations or predictions with the judged tail upwards."""
        return values if self.firing is None else self.firing.upwards(values)

    @cached_property
    def n_counted(self) -> int:
        return int(self.per_window.sum())

    @cached_property
    def per_window(self) -> Int64[ndarray, " window"]:
        """Counted tokens."""
        return np.asarray(np.count_nonzero(self.counted, axis=1))

    @cached_property
    def fires(self) -> Bool[ndarray, "window pos"]:
        """Nowhere, where the threshold is not known."""
        if self.firing is None:
            return np.zeros_like(self.counted)
        return np.asarray(self.counted & self.firing.of(self.actual))

    @cached_property
    def quiet(self) -> Bool[ndarray, "window pos"]:
        """Counted tokens that do not fire."""
        return np.asarray(self.counted & ~self.fires)

    @cached_property
    def n_firing(self) -> Int64[ndarray, " window"]:
        return np.asarray(np.count_nonzero(self.fires, axis=1))

    @cached_property
    def centred(self) -> Centred:
        return centre(self.actual, self.counted)

    @cached_property
    def false_marks(self) -> Bool[ndarray, "window pos"]:
        """As many tokens as fire in the window, drawn among those that do not; none where there are
        fewer of those than fire, or nothing fires."""
        quiet = self.quiet.ravel()[self.pool.order]
        possible = 2 * self.n_firing <= self.per_window
        wanted = np.where(possible, self.n_firing, 0)
        marks = np.zeros(self.counted.size, bool)
        marks[self.pool.order] = quiet & (np.cumsum(quiet, axis=1) <= wanted[:, None])
        return marks.reshape(self.counted.shape)

    @cached_property
    def markable(self) -> Int64[ndarray, " markable"]:
        """Windows with true and false marks."""
        return np.flatnonzero(self.false_marks.any(1))

    @cached_property
    def marks(self) -> tuple[Float64[ndarray, "markable pos"], Float64[ndarray, "markable pos"]]:
        """True and false ones, as 0 and 1."""
        fires, false = self.fires[self.markable], self.false_marks[self.markable]
        return fires.astype(np.float64), false.astype(np.float64)


def take_target(
    actual: Float[ndarray, "window pos"],
    pool: Pool,
    *,
    firing: Firing | None,
    top: TopWindows | None = None,
) -> Target:
    """The unit as it is scored: what is not finite is left out and counted."""
    finite = np.isfinite(actual)
    counted = pool.within & finite
    return Target(
        pool=pool,
        actual=np.where(counted, actual, 0).astype(np.float64),
        counted=counted,
        n_left_out=int((pool.within & ~finite).sum()),
        firing=firing,
        top=top,
    )


def centre(
    values: Float64[ndarray, "window pos"],
    counted: Bool[ndarray, "window pos"],
    about: float | None = None,
) -> Centred:
    """About the mean of what counts, or about what is given; exactly about the value where there is
    only one, so that its spread is exactly 0."""
    if about is None:
        about, chosen = 0.0, values[counted]
        if chosen.size:
            low, high = chosen.min(), chosen.max()
            about = float(low if low == high else chosen.mean())
    return Centred(values, about, counted)
