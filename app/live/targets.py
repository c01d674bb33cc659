"""Tokens that somebody names: by id, in quotes, or as a bare word."""

import re
from typing import Final

from analysis.protocol.activations import TokenizeRequest
from analysis.protocol.experiments import MOST_TARGETS
from analysis.protocol.prompts import Prompt
from app.errors import BadRequestError
from app.live.experiment import Laboratory

NAMED: Final = re.compile(
    r'\s*+(?:#(?P<id>\d{1,9}+)|"(?P<exact>[^"]++)"'
    r'|(?P<word>[^,"#\s]++(?:\s++[^,"#\s]++)*+))\s*+(?:,|$)'
)
"""Nothing of a text is looked at twice, however many blanks it holds."""
HINT: Final = 'Write: Paris, " London", #1234 (a word comes with the space before it).'


async def find_targets(laboratory: Laboratory, model: str, text: str) -> tuple[int, ...]:
    """Their ids. Raises BadRequestError for what is not one token."""
    if not text.strip():
        return ()
    ids, sought = _read(text)
    if sought:
        subject = await laboratory.subject(model)
        prompts = tuple(Prompt(text=one, bos=False) for _, one in sought)
        answer = await laboratory.inference.tokenize(
            TokenizeRequest(model=subject.spec, prompts=prompts)
        )
        for (place, one), tokens in zip(sought, answer.prompts, strict=True):
            if len(tokens) != 1:
                cut = " | ".join(token.text for token in tokens)
                raise BadRequestError(
                    f"“{one}” is not one token of {model}, but {len(tokens)}: {cut}", hint=HINT
                )
            ids[place] = tokens[0].id
    return tuple(dict.fromkeys(ids[place] for place in sorted(ids)))


def _read(text: str) -> tuple[dict[int, int], list[tuple[int, str]]]:
    """Ids by place, and texts with their places."""
    ids: dict[int, int] = {}
    sought: list[tuple[int, str]] = []
    at = 0
    while at < len(text.rstrip()):
        found = NAMED.match(text, at)
        if found is None:
            raise BadRequestError(f"“{text[at:][:40].strip()}” names no token.", hint=HINT)
        place = len(ids) + len(sought)
        if found["id"] is not None:
            ids[place] = int(found["id"])
        else:
            sought.append((place, found["exact"] or f" {found['word']}"))
        at = found.end()
    if len(ids) + len(sought) > MOST_TARGETS:
        raise BadRequestError(f"More than {MOST_TARGETS} tokens are named.", hint="Name fewer.")
    return ids, sought
