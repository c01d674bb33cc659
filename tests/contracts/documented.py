"""What the documentation shows in blocks of code: commands that are typed, files, programs."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.contracts.tree import ROOT, own_files, shown

PAGES = [path for path in own_files() if path.suffix == ".md"]
BLOCK = re.compile(r"^( *)```([a-z]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SHELLS = ("", "sh", "bash")
ENDS_COMMAND = ("|", "||", "&&", "&", ";", "(", ")", "<", ">", ">>")
RUNS_ANOTHER = {"sudo": ("-u",), "env": ("-u",), "exec": (), "nohup": (), "time": ()}
"""Commands that run the one behind them, with their options that take a value."""


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(path: Path) -> Iterator[Block]:
    """Those of a page, fenced, in their order."""
    text = path.read_text()
    for found in BLOCK.finditer(text):
        indent, language, inside = found.groups()
        lines = (line.removeprefix(indent) for line in inside.splitlines(keepends=True))
        line = text.count("\n", 0, found.start()) + 1
        yield Block(shown(path), line, language, "".join(lines))


def all_blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language in languages]


def blocks_of(page: str, language: str) -> list[Block]:
    return [block for block in blocks(ROOT / page) if block.language == language]


def commands_of(block: Block) -> Iterator[list[str]]:
    """The words of each command of a shell block, as the shell would hand them over: comments and
    what is assigned or run before it taken off, variables that the block sets put in."""
    variables: dict[str, str] = {}
    for line in block.text.replace("\\\n", " ").splitlines():
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;()<>")
            lexer.whitespace_split, lexer.commenters = True, "#"
            words = list(lexer)
        except ValueError:  # a text in quotes that goes on in the next line
            continue
        command: list[str] = []
        for word in [*words, ";"]:
            if word in ENDS_COMMAND:
                yield from _bare(command, variables)
                command = []
            else:
                command.append(word)


def _bare(words: list[str], variables: dict[str, str]) -> Iterator[list[str]]:
    words = [re.sub(r"\$(\w+)", lambda name: variables.get(name[1], name[0]), w) for w in words]
    while words:
        name, is_set, value = words[0].partition("=")
        if is_set and name.isidentifier():
            variables[name] = value
            words = words[1:]
        elif words[0] == "export":
            words = words[1:]
        elif words[0] in RUNS_ANOTHER:
            with_value = RUNS_ANOTHER[words[0]]
            words = words[1:]
            while words and words[0].startswith("-"):
                words = words[2:] if words[0] in with_value else words[1:]
        else:
            yield words
            return
