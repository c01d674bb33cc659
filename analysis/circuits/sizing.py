"""How much memory and time a search needs, told before it begins."""

from collections.abc import Sequence
from typing import Final

from analysis.circuits.agreeing import N_EACH
from analysis.circuits.attribution import STEPS
from analysis.circuits.backups import N_RUN
from analysis.circuits.curves import SHARES
from analysis.circuits.finding import N_ABLATED, N_DOUBTFUL, N_EDGES, N_EFFECTS
from analysis.circuits.integrating import STEPS as INTEGRATED
from analysis.circuits.judging import TWINS
from analysis.circuits.patching import ROWS
from analysis.circuits.path_patching import N_LINKS
from analysis.circuits.proving import N_DROPS, N_HALVES, N_MATCHED
from analysis.circuits.pruning import MOST_ROUNDS, SIZES
from analysis.circuits.rooms import DRAWS
from analysis.records import ModelFacts
from analysis.tasks.features import FEATURES
from analysis.tasks.prompting import AT_ONCE, N_SCORED, proved_on
from analysis.tasks.task import Pair

OF_BACKWARD: Final = 10
"""Times the activations of a batch that a backward pass keeps: gates, norms and patterns besides
what enters the projections, and the gradient of each. Measured: 6 to 9."""
OF_LOGITS: Final = 6
MARGIN: Final = 1.25
FIXED: Final = 128 << 20
"""Bytes that any search takes, of the smallest model: libraries that are loaded and functions that
are compiled when they are first needed, and what allocators keep. Measured: 96 MiB."""


def n_search_bytes(
    facts: ModelFacts,
    finding: Sequence[Pair],
    held_out: Sequence[Pair],
    *,
    most_units: int,
    n_bytes: int = 4,
) -> int:
    """At most, besides the model's weights; values of `n_bytes` each."""

    def n_pos(pairs: Sequence[Pair]) -> int:
        return sum(len(pair.clean.tokens) for pair in pairs)

    longest = max(len(pair.clean.tokens) for pair in (*finding, *held_out))
    values = facts.n_layers * (facts.d_mlp + facts.n_heads * facts.d_head)
    streams = (facts.n_layers + 2) * facts.d_model
    proved = held_out or proved_on(finding)  # twice: they are ablated in other ways as well
    batched = (*finding, *proved, *proved, *proved_on(finding), *finding[:N_EFFECTS])
    stand_ins = n_pos(batched) * (values + 3 * facts.d_model) + len(batched) * facts.n_vocab
    # of effects, and of the hypotheses on held-out prompts: both sides; of links there are fewer
    traced = 2 * max(n_pos(finding[:N_EFFECTS]), n_pos(held_out)) * (values + streams)
    # of every unit its estimate, pair by pair
    traced += len(finding[:N_EFFECTS]) * facts.n_layers * (facts.d_mlp + facts.n_heads)
    backward = AT_ONCE * longest * OF_BACKWARD * (values + streams)
    backward += AT_ONCE * longest * longest * facts.n_layers * facts.n_heads * 3
    patched = ROWS * longest * 4 * (facts.d_mlp + facts.n_heads * facts.d_head + facts.d_model)
    # of links: what each source writes, and what each target is worth
    links = 2 * most_units * n_pos(finding[:N_EDGES]) * (facts.d_model + facts.d_head)
    logits = OF_LOGITS * max(ROWS, 2 * AT_ONCE) * facts.n_vocab
    values_held = stand_ins + traced + max(backward, patched) + links + logits
    return FIXED + int(MARGIN * n_bytes * values_held)


def n_search_passes(
    facts: ModelFacts,
    finding: Sequence[Pair],
    held_out: Sequence[Pair],
    *,
    most_units: int,
    steps: int,
) -> float:
    """Prompts that are run through the network, about; a way back counts as two."""
    scored, n = min(N_SCORED, len(finding)), most_units
    proved = len(held_out) or scored
    curves = len(SHARES) - 1
    of_stages = (
        2 * (len(finding) + len(held_out) + scored),  # what stands in for units
        (3 * INTEGRATED + 3 * STEPS + 3) * len(finding),
        3 * steps * min(AT_ONCE, len(finding)),
        (len(SIZES) + 4 * MOST_ROUNDS) * scored,
        min(N_EFFECTS, len(finding)) * (3 + (n + N_DOUBTFUL + 2 * N_EACH) / 2),
        3 * (N_ABLATED + 1) * min(N_EFFECTS, len(finding)),
        2 * N_RUN * min(N_EFFECTS, len(finding)),  # both of a backup, and it alone
        2 * min(N_EDGES, len(finding)) * 1.5 * n,
        2 * min(N_EDGES, len(finding)) * 2 * N_LINKS,  # two layers, and what is behind them
        facts.n_layers * min(N_EFFECTS, len(finding)),
        proved
        * (curves * (6 + TWINS) + N_DROPS + N_MATCHED + 2 * N_HALVES + DRAWS * (len(FEATURES) + 1)),
        2 * len(finding) + proved * 2 * (3 + TWINS + 2),  # the other two ablations
        2 * curves * scored if held_out else 0,
    )
    return float(sum(of_stages))
