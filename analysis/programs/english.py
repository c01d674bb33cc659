"""A program in words: two sentences for a table, or every rule for its page.

The sentences name the strongest rules of each tail and count the others; they say which way a rule
moves the prediction, not how far. A token that several rules list is told once, on the side of
what they add up to. The program stays the source of truth.
"""

from analysis.programs.english_places import in_words, place_of
from analysis.programs.english_tests import Detail, listed
from analysis.programs.netting import net_tokens
from analysis.programs.program import Program, Rule, Table
from analysis.programs.writing import write_level

MOST_UP = 3
MOST_DOWN = 2
"""Rules that are put into words in the sentences."""
BRIEF = Detail(4, measures=False)
FULL = Detail(60)


def in_english(program: Program) -> str:
    """Two sentences at most: what the unit fires on, and what makes it fall."""
    if program.mode == "first":
        return _in_order(program)
    rules = net_tokens(program.rules)
    up = sorted((rule for rule in rules if rule.level > 0), key=lambda rule: -rule.level)
    down = sorted((rule for rule in rules if rule.level < 0), key=lambda rule: rule.level)
    sentences = []
    if up:
        sentences.append(_tail("Fires", up, MOST_UP))
    if down:
        sentences.append(_tail("Falls below its usual level", down, MOST_DOWN))
    if not sentences:
        return _only_tables(program)
    if program.tables:
        n = sum(len(table.levels) for table in program.tables)
        of_tokens = "one token" if n == 1 else f"{n:,} tokens"
        last = sentences.pop().removesuffix(".")
        sentences.append(f"{last}, besides what a table of {of_tokens} adds.")
    return " ".join(sentences)


def rules_in_english(program: Program) -> list[str]:
    """A phrase for each rule, in the order of the program."""
    return [_capital(place_of(rule.predicate, FULL)) for rule in program.rules]


def tables_in_english(program: Program) -> list[str]:
    """A phrase for each table, in the order of the program."""
    return [_capital(_of_table(table, FULL.most // 2)) for table in program.tables]


def _tail(verb: str, rules: list[Rule], most: int) -> str:
    """Rules from the strongest on; one that would be the only one left out is told too."""
    shown = rules if len(rules) <= most + 1 else rules[:most]
    places = [place_of(rule.predicate, BRIEF) for rule in shown]
    sentence = f"{verb}{' most' if len(rules) > 1 else ''} {places[0]}"
    if len(places) > 1:
        sentence += "; also " + "; ".join(places[1:])
    n_more = len(rules) - len(shown)
    return sentence + (f"; and under {n_more:,} weaker rules." if n_more else ".")


def _in_order(program: Program) -> str:
    most = MOST_UP + MOST_DOWN
    shown = program.rules if len(program.rules) <= most + 1 else program.rules[:most]
    base = write_level(program.base).replace("-", "−")
    if not shown:
        return f"Predicts {base} everywhere."
    steps = [
        f"{write_level(rule.level).replace('-', '−')} {place_of(rule.predicate, BRIEF)}"
        for rule in shown
    ]
    n_more = len(program.rules) - len(shown)
    rest = f"; failing that, what {n_more:,} more rules say" if n_more else ""
    return f"Predicts {'; failing that, '.join(steps)}{rest}; elsewhere {base}."


def _only_tables(program: Program) -> str:
    if not any(table.levels for table in program.tables):
        return f"Predicts {write_level(program.base).replace('-', '−')} everywhere."
    phrases = [_of_table(table, 3) for table in program.tables[:2] if table.levels]
    n_more = len(program.tables) - len(phrases)
    if n_more:
        phrases[-1] += f"; and {n_more:,} more"
    return " ".join(f"{_capital(phrase)}." for phrase in phrases)


def _of_table(table: Table, most: int) -> str:
    """Where the table's levels are highest and lowest."""
    where = {0: "the token", 1: "the token before"}.get(
        table.back, f"the token {in_words(table.back)} places before"
    )
    ranked = sorted(table.levels, key=lambda entry: -entry[1])
    highest = tuple(text for text, level in ranked[:most] if level > 0)
    lowest = tuple(text for text, level in ranked[::-1][:most] if level < 0)
    ends = []
    if highest:
        ends.append(f"highest for {listed(highest, most, 'and')}")
    if lowest:
        ends.append(f"lowest for {listed(lowest, most, 'and')}")
    said = f": {', '.join(ends)}" if ends else ""
    n = len(table.levels)
    of_each = f"each of {n:,} tokens" if n != 1 else "one token"
    return f"a level for {of_each}, by {where}{said}"


def _capital(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]
