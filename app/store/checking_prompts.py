"""Whether a prompt is surely too short to be compared with itself in another order: told when its
circuit is asked for, where the stored vocabulary already shows it. What only the tokenizer knows is
told by the job (`analysis.solving.one_prompt` has the rule)."""

import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.packing import unpack_vocabulary
from app.store.tables.model import ModelTable, VocabularyTable

WORD: Final = re.compile(r"\s?\S+")
MOST_WORDS: Final = 3
"""More are not looked at: they are hardly ever the same."""


def check_prompt(session: Session, *, model: str, prompt: str) -> None:
    """BadRequestError where every word is a token and no two different ones stand behind the first,
    which keeps its place."""
    words = WORD.findall(prompt)
    if len(words) > MOST_WORDS or "".join(words) != prompt:
        return
    query = (
        select(ModelTable.facts, VocabularyTable.tokens)
        .join(VocabularyTable, VocabularyTable.model_id == ModelTable.id)
        .where(ModelTable.name == model)
    )
    known = session.execute(query).one_or_none()
    if known is None or not set(words) <= set(unpack_vocabulary(known.tokens)):
        return
    # with a BOS, or where that is not known, the first word may change its place
    stays = 1 if known.facts.get("bos_token_id", 0) is None else 0
    if len(set(words[stays:])) < 2:
        raise BadRequestError(
            "A prompt is compared with its own tokens in another order, and this one has too few.",
            hint="Give a longer prompt, three different words or more; or choose a task instead.",
        )
