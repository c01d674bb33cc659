"""Made-up explanations and scores: rules, lookups and output sides, and what becomes of them.

Of every MLP site of eight neurons or more: neuron 1 is constant, so its scores are undefined; a
person explained neuron 0 twice (the second version counts) and withdrew what was said of neuron 4;
a language model explained neuron 5 and failed at neuron 6; neuron 7 has two meanings, of which the
held-out domain knows one.
"""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, Engine

from app.store.claiming import Claim, create_explanation, edit_explanation, withdraw_explanation
from app.store.engine import begin, open_session
from app.store.packing import METRICS, ScoreNote, pack, pack_scores
from app.store.reasons import FEW_TOP_DOCUMENTS, NEVER_SAID
from app.store.search.units import index_units
from app.store.synthetic.text import Text
from app.store.tables import ModelTable, SiteTable
from app.store.writing_explanations import (
    ExplanationRow,
    ScoreRow,
    SummaryRow,
    write_explanations,
    write_score_summaries,
    write_token_space,
)

CONSTANT, FAILED = 1, 6
N_DIMS = 16
SPLITS = ("test", "ood:code")
TOPICS = (
    "names of animals", "numbers and dates", "the end of a sentence", "code in Python",
    "capitalised words", "talk about money", "negation", "words of the sea",
)  # fmt: skip


def explain_site(
    engine: Engine,
    generator: np.random.Generator,
    text: Text,
    model: ModelTable,
    site: SiteTable,
    units: Sequence[int],
    *,
    sweep_id: int,
    run_id: int,
    scripted: bool,
) -> None:
    """Everything about the units that a first explain run and a few people would have left."""
    drawn = {unit: _draw(generator, text) for unit in units}
    methods = {
        "rules": [_rules(generator, unit, tokens, site) for unit, tokens in drawn.items()],
        "lookup": [_lookup(generator, unit, tokens, site) for unit, tokens in drawn.items()],
    }
    if site.kind == "mlp":
        methods["output"] = [_output(unit, tokens) for unit, tokens in drawn.items()]
    if scripted:
        methods["language_model"] = [_asked(generator, unit) for unit in (5, FAILED)]
    with begin(engine) as connection:
        for method, rows in methods.items():
            write_explanations(
                connection, model_id=model.id, site_id=site.id, run_id=run_id, sweep_id=sweep_id,
                method=method, units=units, rows=rows,
            )  # fmt: skip
        _summarise(connection, generator, site, run_id, methods)
        index_units(connection, run_id=sweep_id, site_id=site.id)
    if scripted:
        _write_by_hand(engine, generator, model, site)


def add_token_space(engine: Engine, generator: np.random.Generator, model_id: int, n: int) -> None:
    vectors = generator.normal(size=(n, N_DIMS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with begin(engine) as connection:
        write_token_space(
            connection,
            model_id=model_id,
            method="made up",
            vectors=np.rint(127 * vectors).astype(np.int8),
        )


def make_scores(
    generator: np.random.Generator, *, r: float, judge: str = "program", lookup: float | None = None
) -> list[ScoreRow]:
    """About this r on the test split, less on the held-out domain."""
    return [_score(generator, split, r - 0.15 * n, judge, lookup) for n, split in enumerate(SPLITS)]


def undefined_scores(reason: str) -> list[ScoreRow]:
    values = pack_scores(dict.fromkeys(METRICS[:5], ()))
    return [
        ScoreRow(split, "program", "undefined", reason, 16, 4, 496, 0, None, None, values)
        for split in SPLITS
    ]


def _score(
    generator: np.random.Generator, split: str, r: float, judge: str, lookup: float | None
) -> ScoreRow:
    r = float(np.clip(r, -0.2, 0.99))
    around = float(generator.uniform(0.03, 0.09))
    table = r - 0.05 if lookup is None else lookup
    metrics: dict[str, tuple[float | None, ...]] = {
        "detection_precision": (),
        "corpus_r": (r, r - around, min(1.0, r + around), None, table, 0.02, 0.8 * table),
        "top_random_r": (min(1.0, r + 0.1), None, None, None, table + 0.1, 0.03, table),
        "r2_uncentred": (r * r, r * r - around, r * r + around, 0.01, table * table, -0.2),
        "r2_centred": (r * r - 0.02, r * r - around, r * r + around, 0.0, table * table, -0.3),
        "deviation": (0.4 * r, 0.3 * r, 0.5 * r, 0.0, 0.4 * table, -0.4),
        "fuzzing": (1.0, 1.0, 1.0, 0.5, 0.5 + 0.5 * abs(table), 0.5, 0.5),
        "auroc": (0.5 + 0.5 * abs(r), 0.5, 1.0, 0.5, 0.5 + 0.5 * abs(table), 0.51, 0.5),
    }
    notes = {
        "top_random_r": ScoreNote(FEW_TOP_DOCUMENTS),
        "detection_precision": ScoreNote(NEVER_SAID),
        "fuzzing": ScoreNote(None, 4, 8),
        "auroc": ScoreNote(None, 5, 496),
    }
    return ScoreRow(
        split, judge, "scored", None, 16, 4, 496, 0, float(np.float32(r)),
        0.001 if r > 0.1 else 0.4, pack_scores(metrics, notes),
    )  # fmt: skip


def _draw(generator: np.random.Generator, text: Text) -> list[str]:
    """Different tokens of the vocabulary, its common ones more often."""
    ranks = generator.zipf(1.3, size=8) % (len(text.vocabulary) - 1) + 1
    return list(dict.fromkeys(text.vocabulary[rank] for rank in ranks.tolist()))


def _rules(
    generator: np.random.Generator, unit: int, tokens: list[str], site: SiteTable
) -> ExplanationRow:
    level = float(generator.uniform(0.4, 3))
    half = max(1, len(tokens) // 2)
    program = f"sum\nwhen token in {_set(tokens[:half])} -> {level:.3f}\n"
    words = f"Fires at {_said(tokens[:half])}"
    if tokens[half:]:
        program += f"when any token[-8..-1] in {_set(tokens[half:])} -> {level / 3:.3f}\n"
        words += f"; less, after {_said(tokens[half:])} in the last 8 tokens"
    program += "otherwise 0.05\n"
    scores = make_scores(generator, r=float(generator.beta(3, 3)))
    if unit == CONSTANT and site.kind == "mlp":
        scores = undefined_scores("the activation is the same everywhere")
    return ExplanationRow(
        unit, "rules 1", "current", f"{words}.", program, 40.0 + 15 * len(tokens),
        program.count("when"), len(tokens),
        {"calibration": {"candidates": 3, "r": 0.5}, "made_up": True}, scores,
    )  # fmt: skip


def _lookup(
    generator: np.random.Generator, unit: int, tokens: list[str], site: SiteTable
) -> ExplanationRow:
    levels = ", ".join(f"{_quoted(token)}: {generator.uniform(0.2, 2):.3f}" for token in tokens)
    scores = make_scores(generator, r=float(generator.beta(3, 4)))
    if unit == CONSTANT and site.kind == "mlp":
        scores = undefined_scores("the activation is the same everywhere")
    return ExplanationRow(
        unit, "lookup 1", "current", f"Token lookup of 512 tokens, highest at {_said(tokens[:3])}.",
        f"sum\ntable token {{{levels}}}\notherwise 0.01\n", 9000.0, 0, 512, {}, scores,
    )  # fmt: skip


def _output(unit: int, tokens: list[str]) -> ExplanationRow:
    words = f"Raises the chance of {_said(tokens[:3])} next."
    return ExplanationRow(
        unit, "output 1", "current", words, None, 2.3 * len(words), None, None, {}
    )


def _asked(generator: np.random.Generator, unit: int) -> ExplanationRow:
    model = "made-up-model"
    details = {"model": model, "prompt": "…", "tokens_in": 900, "tokens_out": 40, "cost": 0.0004}
    if unit == FAILED:
        details |= {
            "answer": "I cannot help with that.",
            "failed_because": "The answer is no JSON.",
        }
        return ExplanationRow(unit, model, "failed", "", None, None, None, None, details)
    words = f"Mentions of {TOPICS[unit % len(TOPICS)]}"
    detection = pack_scores(
        {
            "detection": (0.71, 0.6, 0.8),
            "detection_precision": (0.74, 0.6, 0.85),
            "detection_recall": (0.64, 0.5, 0.8),
        },
        {
            "detection": ScoreNote(None, 8, 16),
            "detection_precision": ScoreNote(None, 8, 16, None, 0.08, 0.31),
        },
    )
    scored = ScoreRow("test", model, "scored", None, 16, 4, 0, 2, None, None, detection)
    simulated = make_scores(generator, r=0.21, judge=model)
    return ExplanationRow(
        unit, model, "current", words, None, 2.3 * len(words), None, None, details,
        [scored, simulated[1]],
    )  # fmt: skip


def _write_by_hand(
    engine: Engine, generator: np.random.Generator, model: ModelTable, site: SiteTable
) -> None:
    """What people did, in their own sessions."""
    with open_session(engine, commit=True) as session:
        place = {"model": model.name, "site": site.name, "actor": "somebody"}
        first = create_explanation(
            session, **place, index=0, claim=Claim("Articles, maybe <b>the</b> & a?")
        )
        program = 'when word in {"the", "a", "an"} -> 1\n'
        edited = Claim(
            "The articles the, a and an.", program, 61.0, 1, 3, make_scores(generator, r=0.62)
        )
        edit_explanation(session, explanation_id=first.id, claim=edited, actor="somebody")
        wrong = create_explanation(
            session, **place, index=4, claim=Claim("Fires at every second full moon.")
        )
        withdraw_explanation(
            session, explanation_id=wrong.id, actor="somebody", reason="It does not."
        )


def _summarise(
    connection: Connection,
    generator: np.random.Generator,
    site: SiteTable,
    run_id: int,
    methods: dict[str, list[ExplanationRow]],
) -> None:
    summaries = []
    for method in ("rules", "lookup"):
        for split in SPLITS:
            scores = [(row, s) for row in methods[method] for s in row.scores if s.split == split]
            values = [(row.unit_index, row.bits, s.r) for row, s in scores if s.r is not None]
            rs = np.array([r for _, _, r in values], np.float64)
            of_all = np.pad(rs, (0, len(methods[method]) - len(rs)))
            chosen = generator.permutation(len(values))[:64].tolist()
            points = np.array([values[n] for n in chosen], np.float64).reshape(-1, 3)
            summaries.append(
                SummaryRow(
                    site.id, method, split, len(methods[method]), len(values),
                    len(scores) - len(values), 0, int((rs > 0.1).sum()),
                    float(of_all.mean()) if len(rs) else None,
                    pack(np.quantile(of_all, np.linspace(0, 1, 101)), np.float32)
                    if len(rs) else b"",
                    pack(points, np.float32),
                )
            )  # fmt: skip
    write_score_summaries(connection, run_id=run_id, rows=summaries)


def _quoted(token: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(letter, letter) for letter in token) + '"'


def _set(tokens: Sequence[str]) -> str:
    return "{" + ", ".join(map(_quoted, tokens)) + "}"


def _said(tokens: Sequence[str]) -> str:
    return ", ".join(f"‘{token.strip() or _quoted(token)}’" for token in tokens)
