"""The attention heads of a planted model: where each looks, and what it brings from there.

Layer 0 looks at fixed places: one or two back, evenly at the last n, ever less at older ones,
evenly at all for the balance of brackets; and one head looks for the token's code. Layer 1 looks
for the token that followed this one, for the same pair of tokens, and for the place where the
balance was lowest. Whoever finds nothing looks at BOS, whose features are all 0. Scores lie so far
apart that the softmax is exact.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.explain.residual import (
    BALANCE,
    BALANCE_MEAN,
    CONTINUES,
    LOWEST,
    N_CODE,
    N_CTX,
    NET,
    ONE,
    REPEATED,
    TEXT,
    Feature,
    Residual,
)

D_HEAD = N_CTX + 2 * N_CODE + 8
CERTAIN = 300.0
"""A score so much higher that the softmax is exactly 1 there and exactly 0 elsewhere."""
STEP = 25.0
"""From one place to the next, where the last one is wanted."""
NEVER = -1e6
SINK = 2 * N_CODE
"""Behind the codes in a head's own dimensions: what BOS is found by when nothing else is."""


class Head:
    """Queries, keys, values and output of one head, in the model's format."""

    def __init__(self, residual: Residual, d_model: int) -> None:
        self.residual = residual
        self.query, self.key, self.value = (torch.zeros(d_model, D_HEAD) for _ in range(3))
        self.out = torch.zeros(D_HEAD, d_model)
        self._n_values = 0

    def look(self, scores: Float[Tensor, "pos pos"]) -> None:
        """Adds a score to each pair of places: from the row's to the column's."""
        places = self.residual.blocks["position"]
        ours = slice(D_HEAD - N_CTX, D_HEAD)
        self.query[places, ours] += scores
        self.key[places, ours] = torch.eye(N_CTX)

    def look_for(self, weight: float, codes: list[tuple[str, str]]) -> None:
        """Scores places by how their codes (second) agree with the codes here (first)."""
        for number, (here, there) in enumerate(codes):
            ours = slice(number * N_CODE, (number + 1) * N_CODE)
            self.query[self.residual.blocks[here], ours] = weight * torch.eye(N_CODE)
            self.key[self.residual.blocks[there], ours] = torch.eye(N_CODE)
        # BOS scores just below full agreement, and above everything else.
        self.query[self.residual[ONE], SINK] = weight
        self.key[self.residual.blocks["position"].start, SINK] = N_CODE * len(codes) - 1

    def bring(self, source: int | slice, target: int | slice, weight: float = 1.0) -> None:
        """Adds what stands at the place looked at to dimensions here."""
        rows, columns = _as_range(source), _as_range(target)
        ours = range(self._n_values, self._n_values + len(rows))
        self._n_values += len(rows)
        if self._n_values > D_HEAD:
            raise ValueError(f"a head cannot bring more than {D_HEAD} features")
        self.value[list(rows), list(ours)] = weight
        self.out[list(ours), list(columns)] = 1


def heads_of_layer_0(residual: Residual, d_model: int) -> list[Head]:
    heads = []
    distance = torch.arange(N_CTX)[:, None] - torch.arange(N_CTX)[None]
    for back in (1, 2):
        head = Head(residual, d_model)
        # Before the window there is BOS, as often as needed.
        target = (torch.arange(N_CTX) - back).clamp(min=0)
        head.look(CERTAIN * torch.nn.functional.one_hot(target, N_CTX).float())
        _bring_tests(head, "back", back)
        if back == 1:
            head.bring(residual.blocks["code"], residual.blocks["code before"])
            head.bring(residual.blocks["sign before"], residual.blocks["brought sign"])
        heads.append(head)
    for length in sorted({feature.amount for feature, _ in residual.of_kind("any")}):
        head = Head(residual, d_model)
        head.look(CERTAIN * ((distance >= 1) & (distance <= length)))
        _bring_tests(head, "mean", length)
        heads.append(head)
    for half_life in sorted({feature.amount for feature, _ in residual.of_kind("faded")}):
        head = Head(residual, d_model)
        fading = CERTAIN - (distance - 1) * torch.log(torch.tensor(2.0)) / half_life
        head.look(torch.where(distance >= 1, fading, 0.0))
        _bring_tests(head, "faded", half_life)
        heads.append(head)
    return [*heads, _mean_of_brackets(residual, d_model), _repeated(residual, d_model)]


def heads_of_layer_1(residual: Residual, d_model: int) -> list[Head]:
    echo = Head(residual, d_model)
    weight = 1.5 * STEP * N_CTX
    echo.look_for(weight, [("code", "code before")])
    echo.look(STEP * torch.arange(N_CTX).float().expand(N_CTX, N_CTX))
    _bring_tests(echo, "echo", 0)
    pair = Head(residual, d_model)
    pair.look_for(CERTAIN, [("code", "code"), ("code before", "code before")])
    pair.look(NEVER * torch.eye(N_CTX))
    pair.bring(residual[TEXT], residual[CONTINUES])
    lowest = Head(residual, d_model)
    lowest.query[residual[ONE], 0] = -CERTAIN
    lowest.key[residual[BALANCE], 0] = 1
    lowest.bring(residual[BALANCE], residual[LOWEST])
    return [echo, pair, lowest]


def _mean_of_brackets(residual: Residual, d_model: int) -> Head:
    """Looks evenly at all: the balance, once it is multiplied by the number of tokens."""
    head = Head(residual, d_model)
    head.bring(residual[NET], residual[BALANCE_MEAN])
    return head


def _repeated(residual: Residual, d_model: int) -> Head:
    head = Head(residual, d_model)
    head.look_for(CERTAIN, [("code", "code")])
    head.look(NEVER * torch.eye(N_CTX))
    head.bring(residual[TEXT], residual[REPEATED])
    return head


def _bring_tests(head: Head, kind: str, amount: int) -> None:
    for feature, dimension in head.residual.of_kind(kind, amount):
        head.bring(head.residual[Feature("here", 0, feature.test)], dimension)


def _as_range(dimensions: int | slice) -> range:
    if isinstance(dimensions, int):
        return range(dimensions, dimensions + 1)
    return range(dimensions.start, dimensions.stop)
