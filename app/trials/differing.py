"""What changed between two versions: words of a text, rules of a program.

In a program whose levels are added the order of rules means nothing, so one that stands elsewhere
is the same. A rule that is gone and one that is new are one that changed, where both test the same,
or are written more alike than not.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Final

from analysis.programs.english import rules_in_english, tables_in_english
from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program, Table
from analysis.programs.writing import quote, write_level, write_predicate
from app.errors import NotFoundError
from app.store.views.difference import (
    DifferenceView,
    PieceView,
    ProgramDifferenceView,
    RuleChangeView,
    SideView,
)
from app.store.views.explanation import ExplanationView
from app.store.views.program import RuleView
from app.trials.program import table_head
from app.trials.reading import LONGEST_PROGRAM

WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")
HAS_WORD: Final = re.compile(r"\w")
LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
MOST_WORDS: Final = 6000
"""Beyond them lines are compared, not words."""
MOST_RULES: Final = 400
MOST_PAIRED: Final = 60
"""Rules on each side that are held against each other."""
MOST_ENTRIES: Final = 200
"""Of a table."""
ALIKE: Final = 0.5


def difference_of(before: ExplanationView, after: ExplanationView) -> DifferenceView:
    """Raises NotFoundError where they are not versions of one claim."""
    if before.origin_id != after.origin_id:
        raise NotFoundError(
            f"Explanations {before.id} and {after.id} are not versions of one claim.",
            hint="Compare an explanation with one of its own history.",
        )
    return DifferenceView(
        before=_side(before),
        after=_side(after),
        text=words_differing(before.text, after.text),
        program=program_differing(before.program, after.program),
    )


def words_differing(before: str, after: str) -> list[PieceView]:
    """Runs that are the same, gone and new; joined without what is new they are `before`."""
    one, other = WORD.findall(before), WORD.findall(after)
    if len(one) + len(other) > MOST_WORDS:
        one, other = LINE.findall(before), LINE.findall(after)
    return _pieces(one, other)


def program_differing(before: str | None, after: str | None) -> ProgramDifferenceView | None:
    """None: there is none, or they are written alike."""
    if (before or "").strip() == (after or "").strip():
        return None
    one, other = _parsed(before), _parsed(after)
    readable = not (before and one is None) and not (after and other is None)
    if not readable:
        return ProgramDifferenceView(
            rules=None, mode_before=None, mode_after=None, base_before=None, base_after=None,
            pieces=words_differing(before or "", after or ""), n_same=0, n_left_out=0,
        )  # fmt: skip
    ordered = {"first"} & {program.mode for program in (one, other) if program is not None}
    changes = rules_differing(_rules(one), _rules(other), ordered=bool(ordered))
    return ProgramDifferenceView(
        rules=changes[:MOST_RULES],
        mode_before=None if one is None else one.mode,
        mode_after=None if other is None else other.mode,
        base_before=None if one is None else one.base,
        base_after=None if other is None else other.base,
        pieces=[],
        n_same=sum(one.change == "same" for one in changes),
        n_left_out=max(0, len(changes) - MOST_RULES),
    )


def rules_differing(
    before: Sequence[RuleView], after: Sequence[RuleView], *, ordered: bool
) -> list[RuleChangeView]:
    """In the order of `after`, then what is gone."""
    same = _same_in_order(before, after) if ordered else _same_anywhere(before, after)
    gone = [n for n in range(len(before)) if n not in same.values()]
    fresh = [n for n in range(len(after)) if n not in same]
    changed = _paired(before, after, gone, fresh)
    found = []
    for number, rule in enumerate(after):
        if number in same:
            found.append(_change("same", before[same[number]], rule))
        elif number in changed:
            twin = before[changed[number]]
            found.append(_change("moved" if _key(twin) == _key(rule) else "changed", twin, rule))
        else:
            found.append(_change("new", None, rule))
    left = [n for n in gone if n not in changed.values()]
    return [*found, *(_change("gone", before[n], None) for n in left)]


def _same_in_order(before: Sequence[RuleView], after: Sequence[RuleView]) -> dict[int, int]:
    """Places in `after`, each with its place in `before`."""
    one, other = ([_key(rule) for rule in rules] for rules in (before, after))
    return {
        block.b + n: block.a + n
        for block in SequenceMatcher(None, one, other, autojunk=len(one) > MOST_RULES)
        .get_matching_blocks()
        for n in range(block.size)
    }  # fmt: skip


def _same_anywhere(before: Sequence[RuleView], after: Sequence[RuleView]) -> dict[int, int]:
    places: dict[tuple[float | None, str], list[int]] = {}
    for number, rule in enumerate(before):
        places.setdefault(_key(rule), []).append(number)
    found: dict[int, int] = {}
    for number, rule in enumerate(after):
        if places.get(_key(rule)):
            found[number] = places[_key(rule)].pop(0)
    return found


def _paired(
    before: Sequence[RuleView], after: Sequence[RuleView], gone: list[int], fresh: list[int]
) -> dict[int, int]:
    """Rules that became others: of the same test first, then those that are written most alike."""
    found: dict[int, int] = {}
    left = list(gone)
    for number in fresh:
        twin = next((n for n in left if before[n].predicate == after[number].predicate), None)
        if twin is not None:
            found[number] = twin
            left.remove(twin)
    alike = []
    for number in [n for n in fresh if n not in found][:MOST_PAIRED]:
        for other in left[:MOST_PAIRED]:
            matcher = SequenceMatcher(None, before[other].predicate, after[number].predicate)
            if matcher.quick_ratio() >= ALIKE and (ratio := matcher.ratio()) >= ALIKE:
                alike.append((-ratio, number, other))
    for _, number, other in sorted(alike):
        if number not in found and other in left:
            found[number] = other
            left.remove(other)
    return found


def _change(kind: str, before: RuleView | None, after: RuleView | None) -> RuleChangeView:
    pieces: list[PieceView] = []
    if kind == "changed" and before is not None and after is not None:
        pieces = words_differing(before.predicate, after.predicate)
    return RuleChangeView.model_validate(
        {"change": kind, "before": before, "after": after, "pieces": pieces}
    )


def _pieces(one: Sequence[str], other: Sequence[str]) -> list[PieceView]:
    """What lies between two changes and has no word in it is part of them: nobody reads a blank
    that stayed."""
    matcher = SequenceMatcher(None, one, other, autojunk=len(one) + len(other) > MOST_WORDS)
    runs = [
        ("".join(one[a:a_end]), "".join(other[b:b_end]), kind == "equal")
        for kind, a, a_end, b, b_end in matcher.get_opcodes()
    ]
    joined: list[tuple[str, str, bool]] = []
    for place, (gone, new, is_same) in enumerate(runs):
        within = 0 < place < len(runs) - 1
        is_kept = is_same and not (within and not HAS_WORD.search(gone))
        if not is_kept and joined and not joined[-1][2]:
            before = joined.pop()
            joined.append((before[0] + gone, before[1] + new, False))
        else:
            joined.append((gone, new, is_kept))
    found = []
    for gone, new, is_kept in joined:
        if is_kept:
            found.append(PieceView(change="same", text=gone))
            continue
        found += [PieceView(change="gone", text=gone), PieceView(change="new", text=new)]
    return [piece for piece in found if piece.text]


def _key(rule: RuleView) -> tuple[float | None, str]:
    return rule.level, rule.predicate


def _parsed(source: str | None) -> Program | None:
    if not source or not source.strip() or len(source) > LONGEST_PROGRAM:
        return None
    try:
        return parse_program(source)
    except ProgramError:
        return None


def _rules(program: Program | None) -> list[RuleView]:
    if program is None:
        return []
    rules = zip(program.rules, rules_in_english(program), strict=True)
    tables = zip(program.tables, tables_in_english(program), strict=True)
    return [
        *(
            RuleView(level=rule.level, predicate=write_predicate(rule.predicate), english=english)
            for rule, english in rules
        ),
        *(RuleView(level=None, predicate=_told(t), english=english) for t, english in tables),
    ]


def _told(table: Table) -> str:
    """With its entries; of very many the first ones, and what tells all of them from others."""
    entries = [f"{quote(text)}: {write_level(level)}" for text, level in table.levels]
    shown = ", ".join(entries[:MOST_ENTRIES])
    if len(entries) > MOST_ENTRIES:
        shown += f", … (SHA-256 {sha256(repr(entries).encode()).hexdigest()[:12]})"
    return f"{table_head(table)}: {shown}"


def _side(view: ExplanationView) -> SideView:
    headline = view.headline
    return SideView(
        id=view.id,
        version=view.version,
        status=view.status,
        method=view.method,
        author=view.author,
        created_at=view.created_at,
        r=None if headline is None else headline.r,
    )
