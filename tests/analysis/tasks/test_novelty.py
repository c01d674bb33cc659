"""What of a held-out prompt is new."""

from analysis.protocol.experiments import TokenText
from analysis.tasks.novelty import known_by
from analysis.tasks.task import Pair, Side


def pair(words: tuple[str, ...], right: int, template: str = "a") -> Pair:
    return Pair(
        clean=Side(text=" ".join(words), tokens=(1, 2)),
        counterfactual=Side(text="else", tokens=(1, 3)),
        right=(TokenText(id=right, text="x"),),
        template=template,
        words=words,
    )


def test_what_pairs_for_finding_have_is_not_new():
    known = known_by([pair(("Mary", "John"), 5), pair(("Ann", "Tom"), 6, "b")])
    assert known.new_in(pair(("john", "Ann"), 6)) == ()


def test_each_kind_of_novelty_is_told_by_itself():
    known = known_by([pair(("Mary", "John"), 5)])
    assert known.new_in(pair(("Mary", "John"), 5, "b")) == ("template",)
    assert known.new_in(pair(("Mary", "John"), 7)) == ("answer",)
    assert known.new_in(pair(("Mary", "Sue"), 5)) == ("word",)
    assert known.new_in(pair(("Sue",), 9, "c")) == ("template", "answer", "word")


def test_an_answer_that_was_wrong_before_or_a_word_is_not_new():
    wrong = pair(("Mary",), 5).model_copy(update={"wrong": (TokenText(id=8, text=" y"),)})
    known = known_by([wrong])
    assert "answer" not in known.new_in(pair(("Mary",), 8))
    named = pair(("Mary",), 9).model_copy(update={"right": (TokenText(id=9, text=" mary"),)})
    assert "answer" not in known.new_in(named)


def test_no_template_is_no_new_template():
    assert known_by([pair(("Mary",), 5)]).new_in(pair(("Mary",), 5, "")) == ()
