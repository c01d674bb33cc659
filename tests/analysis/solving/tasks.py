"""Tasks of the planted model's words, whose every metric can be said beforehand.

Behind a cat or dog the planted model raises `tree` by 1, behind the sun `river` by 2, and nothing
else.
"""

from analysis.tasks.reading import read_pair
from analysis.tasks.task import Imported, Metric, Task

SOURCE = Imported(file="planted.jsonl", sha256="0" * 64)
BEFORE = ("and", "was", "very", "new", "king", "is", "not", "a")


def planted_pairs(reader, *, clean="cat", counterfactual="sun", right="tree", wrong="river"):
    return tuple(
        read_pair(
            reader,
            f"{word} {clean}",
            f"{word} {counterfactual}",
            [f" {right}"] if right else [],
            [f" {wrong}"] if wrong else [],
        )
        for word in BEFORE
    )


def task_of(pairs, **more):
    return Task(**{"name": "planted", "source": SOURCE, "pairs": pairs, **more})


def metric_of(kind, reader=None, raised=(), lowered=()):
    def tokens(words):
        return [{"id": reader.encode(word)[0], "text": f" {word}"} for word in words]

    return Metric(kind=kind, raised=tokens(raised), lowered=tokens(lowered))
