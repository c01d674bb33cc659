"""Excerpts by hand, and models that answer about them by a rule."""

import json
import re
from typing import Any

import numpy as np

from analysis.explain.language_model.records import Excerpt
from tests.analysis.assistants.scripted import Play, object_says

DATA = re.compile(r"⟦(text(?: \d+)?|excerpt \d+)⟧\n(.*?)\n⟦end of \1⟧", re.DOTALL)


def excerpt(text: str, levels: dict[int, float], document: int = 0) -> Excerpt:
    """Words as tokens, and the activations that are not 0."""
    tokens = tuple(f" {word}" for word in text.split(" "))
    activations = np.zeros(len(tokens), dtype=np.float32)
    for position, level in levels.items():
        activations[position] = level
    return Excerpt(tokens, activations, document)


def data_of(asked: dict[str, Any]) -> list[str]:
    """What stands as data in the last message."""
    return [match[2] for match in DATA.finditer(asked["messages"][-1]["content"])]


def sees(word: str) -> Any:
    """A judge that finds the word by itself: in texts, in marks, or token by token."""

    def script(asked: dict[str, Any], _: int) -> Play:
        texts = data_of(asked)
        form = asked["response_format"]["json_schema"]["name"]
        if form == "levels":
            rows = [line.split("\t") for line in texts[0].split("\n")]
            return object_says({number: 8 if word in token else 0 for number, token in rows})
        if "⟪" in "".join(texts):
            verdicts = [word in "".join(re.findall(r"⟪(.*?)⟫", text)) for text in texts]
        else:
            verdicts = [word in text for text in texts]
        return object_says({"verdicts": verdicts})

    return script


def everything_sent(requests: list[dict[str, Any]]) -> str:
    return json.dumps(requests, ensure_ascii=False)
