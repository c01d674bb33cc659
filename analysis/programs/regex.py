r"""Regular expressions that cannot run away: `matches /…/`.

Known are characters, `.` (all but a line break), classes [a-z] and [^…], \d \w \s and their
opposites, escapes, groups, |, ? * + {m} {m,} {m,n}; `^` in front and `$` behind may stand, as the
whole token is matched anyway. There are no references back and no look-around.

A pattern becomes its position automaton (Glushkov 1961: a state per character of the pattern,
counts written out), and sets of positions become states of a deterministic one when a text first
reaches them. So a text takes one step per character, whatever the pattern; both automata are
bounded, and what does not fit is refused. Python's own expressions are never used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from analysis.programs.errors import ProgramError
from analysis.programs.regex_reading import Atom, Node, Repeat, Several, read_pattern, size_of

MOST_POSITIONS = 512
"""Characters of a pattern with its counts written out."""
MOST_STATES = 4_096

CharacterTest = Callable[[str], bool]


@dataclass(frozen=True)
class _Part:
    """Bit sets of positions: those that a part can begin and end with; or it can be empty."""

    first: int
    last: int
    empty: bool


class Pattern:
    """A compiled pattern; `steps` and `n_states` say how much work it was."""

    def __init__(self, node: Node, *, folded: bool) -> None:
        self._folded = folded
        self._tests: list[CharacterTest] = []
        self._follow: list[int] = []
        whole = self._build(node)
        self._last = whole.last
        self._accepts_empty = whole.empty
        self._groups = self._same_tests()
        self._accepting: dict[str, int] = {}
        """Of each character seen: the positions that it may stand at."""
        self._reachable: dict[int, int] = {}
        """Of each set of positions: those that may come next."""
        self._first = whole.first
        self.steps = 0

    @property
    def n_states(self) -> int:
        return len(self._reachable)

    def matches(self, text: str) -> bool:
        """Whether the whole text matches; a ProgramError where that takes too many states."""
        if not text:
            return self._accepts_empty
        here, reachable = 0, self._first
        for letter in text:
            self.steps += 1
            accepting = self._accepting.get(letter)
            if accepting is None:
                accepting = self._accepting[letter] = self._accepting_positions(letter)
            here = reachable & accepting
            if not here:
                return False
            known = self._reachable.get(here)
            reachable = self._explore(here) if known is None else known
        return bool(here & self._last)

    def _explore(self, here: int) -> int:
        if len(self._reachable) >= MOST_STATES:
            raise ProgramError(
                f"the regular expression needs more than {MOST_STATES} states",
                hint="Make its counts smaller, or say less about what may come between.",
            )
        reachable = 0
        for position in _positions(here):
            reachable |= self._follow[position]
        self._reachable[here] = reachable
        return reachable

    def _accepting_positions(self, letter: str) -> int:
        # One letter may stand for its other case, where case does not matter.
        cases = {letter, letter.upper(), letter.lower()} if self._folded else {letter}
        accepting = 0
        for test, positions in self._groups:
            if any(len(case) == 1 and test(case) for case in cases):
                accepting |= positions
        return accepting

    def _same_tests(self) -> list[tuple[CharacterTest, int]]:
        """Each test of characters once, with all its positions."""
        groups: dict[CharacterTest, int] = {}
        for position, test in enumerate(self._tests):
            groups[test] = groups.get(test, 0) | 1 << position
        return list(groups.items())

    def _build(self, node: Node) -> _Part:
        match node:
            case Atom():
                self._tests.append(node.accepts)
                self._follow.append(0)
                here = 1 << (len(self._tests) - 1)
                return _Part(here, here, empty=False)
            case Several(parts, either=True):
                return _either([self._build(part) for part in parts])
            case Several(parts):
                return self._chain([partial(self._build, part) for part in parts])
            case Repeat(inner, least, most):
                return self._repeat(inner, least, most)

    def _repeat(self, inner: Node, least: int, most: int | None) -> _Part:
        if size_of(inner) == 0:
            return _Part(0, 0, empty=True)
        needed: list[Callable[[], _Part]] = [partial(self._build, inner)] * least
        if most is None:
            return self._chain([*needed[:-1], partial(self._loop, inner, may_skip=least == 0)])
        return self._chain(needed + [partial(self._optional, inner)] * (most - least))

    def _loop(self, inner: Node, *, may_skip: bool) -> _Part:
        part = self._build(inner)
        self._link(part.last, part.first)
        return _Part(part.first, part.last, part.empty or may_skip)

    def _optional(self, inner: Node) -> _Part:
        part = self._build(inner)
        return _Part(part.first, part.last, empty=True)

    def _chain(self, makers: list[Callable[[], _Part]]) -> _Part:
        whole = _Part(0, 0, empty=True)
        for make in makers:
            part = make()
            self._link(whole.last, part.first)
            whole = _Part(
                whole.first | (part.first if whole.empty else 0),
                part.last | (whole.last if part.empty else 0),
                whole.empty and part.empty,
            )
        return whole

    def _link(self, before: int, after: int) -> None:
        for position in _positions(before):
            self._follow[position] |= after


def compile_pattern(source: str, *, folded: bool = False) -> Pattern:
    """A pattern, not yet run; a ProgramError says what is wrong with it."""
    node = _read(source)
    return Pattern(node, folded=folded)


@lru_cache(maxsize=64)
def _read(source: str) -> Node:
    node = read_pattern(source)
    if size_of(node) > MOST_POSITIONS:
        raise ProgramError(
            f"the regular expression is {size_of(node)} characters long with its counts written "
            f"out; at most {MOST_POSITIONS} are allowed",
            hint="Make the numbers in { } smaller.",
        )
    return node


def _either(parts: list[_Part]) -> _Part:
    first = last = 0
    for part in parts:
        first, last = first | part.first, last | part.last
    return _Part(first, last, any(part.empty for part in parts))


def _positions(bits: int) -> list[int]:
    """The numbers of the bits that are set."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found
