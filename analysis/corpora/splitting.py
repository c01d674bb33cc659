"""Which split a document belongs to: decided by its own text, or its group, and a seed.

A document of a held-out domain goes to `ood:<domain>`; every other one to fit, calibration or
test, by a seeded hash of its group (the book or speaker it is of), or else of its normalised text.
So neither the order nor the company of documents changes a split, equal texts can never be in two,
and the parts of one whole are not either.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from analysis.corpora.hashing import seeded_int
from analysis.corpora.normalising import normalise, slug
from analysis.errors import CorpusError

SPLITS = ("fit", "calibration", "test")


@dataclass(frozen=True)
class Shares:
    """Expected share of documents per split; they sum to 1."""

    fit: float = 0.7
    calibration: float = 0.1
    test: float = 0.2

    def __post_init__(self) -> None:
        shares = (self.fit, self.calibration, self.test)
        fits = all(math.isfinite(share) and share >= 0 for share in shares)
        if not fits or not math.isclose(sum(shares), 1, abs_tol=1e-9):
            raise CorpusError(
                f"The shares of fit, calibration and test are {shares}.",
                hint="Give three numbers that are not negative and sum to 1, such as 0.7/0.1/0.2.",
            )


def assign_split(
    sha256: str,
    domain: str,
    *,
    group: str = "",
    seed: int,
    shares: Shares,
    held_out: Collection[str],
) -> str:
    """The split of a document with this hash of its normalised text.

    `held_out` holds slugs of domains.
    """
    if slug(domain) in held_out:
        return f"ood:{slug(domain)}"
    key = ("group", normalise(group)) if group else ("split", sha256)
    place = seeded_int(seed, *key) / 2**64
    if place < shares.fit:
        return "fit"
    # A place of exactly 1.0 (rounding) belongs to the last split that has a share.
    if place < shares.fit + shares.calibration or shares.test == 0:
        return "calibration" if shares.calibration > 0 else "fit"
    return "test"


def order_splits(splits: Collection[str]) -> tuple[str, ...]:
    """fit, calibration, test (always), then the held-out domains by name."""
    return SPLITS + tuple(sorted(split for split in set(splits) if split not in SPLITS))
