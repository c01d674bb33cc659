"""Tokens that random text hardly has, and at which the unit fires most, get rules of their own."""

import numpy as np
import pytest

from analysis.explain.rules.strengthening import Shown, strengthen
from analysis.programs.length import n_listed
from analysis.programs.parsing import parse_program
from analysis.programs.program import At, OneOf, Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.programs.vocabulary import Vocabulary

COMMON = [f" w{n}" for n in range(20)]
RARE = [f" rare{n}" for n in range(30)]
WORDS = ["<s>", *COMMON, *RARE]
VOCABULARY = Vocabulary(WORDS, None)
TRUTH = parse_program(
    'when token in {" w1", " w2"} -> 2\nwhen token in {" rare1", " rare2"} -> 8\n'
    'when token[-1] in {" rare3"} -> -5'
)
FROM_POOL = parse_program('when token in {" w1", " w2"} -> 2')
LIMITS = {"most_rules": 12, "most_listed": 120}


def text(seed: int, *, rare: float, truth: Program = TRUTH, n: int = 60, length: int = 32) -> Shown:
    """Random tokens, a share of them rare, and what a unit does there, with some noise."""
    rng = np.random.default_rng(seed)
    common = rng.integers(1, 1 + len(COMMON), (n, length))
    seldom = rng.integers(1 + len(COMMON), len(WORDS), (n, length))
    tokens = np.where(rng.random((n, length)) < rare, seldom, common)
    tokens[:, 0] = 0
    reading = Reading(tokens, np.full(n, length), VOCABULARY)
    counted = np.ones(tokens.shape, bool)
    counted[:, 0] = False
    actual = predict(truth, reading) + 0.1 * rng.normal(size=tokens.shape)
    return Shown(reading, counted, actual.astype(np.float32))


def strengthened(program: Program, exemplars: Shown, **options: int) -> Program:
    return strengthen(
        program, text(0, rare=0), exemplars, text(1, rare=0.05), **{**LIMITS, **options}
    )


def levels_of(program: Program) -> dict[str, float]:
    """What each test adds, where it lists nothing but tokens."""
    return {str(rule.predicate): rule.level for rule in program.rules}


def error(program: Program, shown: Shown) -> float:
    return float(((predict(program, shown.reading) - shown.actual)[shown.counted] ** 2).mean())


def test_rare_tokens_are_found_at_their_place_with_their_level() -> None:
    found = strengthened(FROM_POOL, text(2, rare=0.5))
    fresh = text(3, rare=0.5)
    assert error(FROM_POOL, fresh) > 1
    assert error(found, fresh) < 0.1
    strongest, lowest = found.rules[0], found.rules[-1]
    assert (strongest.level, lowest.level) == pytest.approx((8, -5), rel=0.2)
    assert strongest.predicate == At(0, OneOf((" rare1", " rare2")))
    assert lowest.predicate == At(1, OneOf((" rare3",)))


def test_a_unit_that_only_rare_tokens_fire_gets_its_first_rule() -> None:
    silent = Program(0.0)
    truth = parse_program('when token in {" rare1"} -> 8')
    found = strengthen(
        silent,
        text(0, rare=0, truth=truth),
        text(2, rare=0.5, truth=truth),
        text(1, rare=0.3, truth=truth),
        **LIMITS,
    )
    assert [rule.level for rule in found.rules] == pytest.approx([8], rel=0.2)


def test_what_calibration_does_not_bear_out_is_not_claimed() -> None:
    silent = Program(0.0)
    nothing = parse_program("when always -> 0")
    exemplars = text(2, rare=0.5, truth=TRUTH)
    here, there = text(0, rare=0, truth=nothing), text(1, rare=0.3, truth=nothing)
    assert strengthen(silent, here, exemplars, there, **LIMITS) == silent


def test_what_makes_calibration_worse_is_not_taken() -> None:
    turned = parse_program(
        'when token in {" w1", " w2"} -> 2\nwhen token in {" rare1", " rare2"} -> -8'
    )
    calibration = text(1, rare=0.3, truth=turned)
    found = strengthen(FROM_POOL, text(0, rare=0), text(2, rare=0.5), calibration, **LIMITS)
    assert found == FROM_POOL


@pytest.mark.parametrize(("most_rules", "most_listed"), [(1, 120), (2, 3), (12, 4), (3, 2)])
def test_limits_are_kept(most_rules: int, most_listed: int) -> None:
    found = strengthened(
        FROM_POOL, text(2, rare=0.5), most_rules=most_rules, most_listed=most_listed
    )
    assert sum(rule.level > 0 for rule in found.rules) <= most_rules
    assert sum(rule.level < 0 for rule in found.rules) <= most_rules
    assert n_listed(found) <= most_listed


def test_with_little_room_the_tokens_that_explain_most_are_listed() -> None:
    found = strengthened(FROM_POOL, text(2, rare=0.5), most_listed=3)
    assert [" rare1" in name or " rare2" in name for name in levels_of(found)].count(True) == 1


def test_peaks_that_are_only_noise_give_next_to_no_rules() -> None:
    """Exemplars are chosen for their peaks: which tokens stand there is luck."""
    rng = np.random.default_rng(5)
    words = Vocabulary([f" w{n}" for n in range(3_000)], None)
    chance = 1 / np.arange(1, 3_001)
    program = parse_program('when token in {" w5", " w6", " w7", " w8"} -> 2')

    def shown(n: int, top: int | None = None) -> Shown:
        tokens = rng.choice(3_000, (n, 64), p=chance / chance.sum())
        reading = Reading(tokens, np.full(n, 64), words)
        actual = predict(program, reading) + 0.6 * rng.standard_t(4, tokens.shape)
        kept = np.argsort(-actual.max(1))[:top]
        return Shown(
            Reading(tokens[kept], np.full(len(kept), 64), words),
            np.ones((len(kept), 64), bool),
            actual[kept].astype(np.float32),
        )

    pool, exemplars, calibration, fresh = shown(60), shown(2_000, 30), shown(40), shown(300)
    found = strengthen(program, pool, exemplars, calibration, **LIMITS)
    assert n_listed(found) <= 4 + 8
    assert error(found, fresh) <= 1.01 * error(program, fresh)


@pytest.mark.parametrize("values", [np.nan, np.inf])
def test_exemplars_without_a_finite_activation_teach_nothing(values: float) -> None:
    exemplars = text(2, rare=0.5)
    unknown = Shown(exemplars.reading, exemplars.counted, np.full_like(exemplars.actual, values))
    found = strengthened(FROM_POOL, unknown)
    assert not any("rare" in name for name in levels_of(found))


def test_the_same_is_found_whatever_the_order_of_the_exemplars() -> None:
    exemplars = text(2, rare=0.5)
    order = np.random.default_rng(0).permutation(len(exemplars.actual))
    turned = Shown(
        Reading(exemplars.reading.tokens[order], np.full(len(order), 32), VOCABULARY),
        exemplars.counted[order],
        exemplars.actual[order],
    )
    ours, theirs = (levels_of(strengthened(FROM_POOL, one)) for one in (exemplars, turned))
    assert ours == pytest.approx(theirs, rel=1e-3)
