"""Token strips and other markup that is joined by hand."""

import math
import re
from html.parser import HTMLParser

from app.rendering import colours
from app.rendering.attention import attention
from app.rendering.strip import spoken, strip, visible
from app.rendering.words import by_interval, interval
from app.store.views.unit import AttentionView, ExemplarView, IntervalView


def exemplar(
    tokens: list[str], values: list[float | None], peak: int, **more: object
) -> ExemplarView:
    fields: dict[str, object] = {
        "window": 3, "document": 1, "document_title": "A title", "domain": "novel",
        "origin": "somewhere", "split": "fit", "start": 0, "tokens": tokens,
        "token_ids": list(range(len(tokens))), "activations": values,
        "peak": values[peak] or 0.0, "peak_position": peak, "interval": None, "attention": None,
    }  # fmt: skip
    return ExemplarView.model_validate(fields | more)


class Tokens(HTMLParser):
    """The tokens of a strip as a browser would read them: (classes, text)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[set[str], str]] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "i":
            self.found.append((set((dict(attrs).get("class") or "").split()), ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            classes, text = self.found[-1]
            self.found[-1] = (classes, text + data)


def test_each_token_has_the_class_of_its_activation() -> None:
    values = [0.0, 0.01, -0.5, 2.0, -2.0, 1.0]
    read = Tokens(strip(exemplar(list("abcdef"), values, 3), 2.0)).found
    assert [text for _, text in read] == list("abcdef")
    for (classes, _), value in zip(read, values, strict=True):
        level = colours.level(value, 2.0)
        wanted = {f"t-p{level}"} if level > 0 else {f"t-n{-level}"} if level < 0 else set()
        assert {name for name in classes if name.startswith("t-")} == wanted
    assert "peak" in read[3][0]


def test_not_finite_values_and_uncounted_positions_have_their_own_look() -> None:
    read = Tokens(strip(exemplar(["<s>", "a", "b"], [90.0, None, 1.0], 2), 1.0, 1)).found
    assert read[0][0] == {"t-o"}
    assert read[1][0] == {"t-x"}


def test_white_space_and_invisible_characters_are_shown() -> None:
    assert visible("\n") == "↵"
    assert visible("\t") == "⇥"
    assert visible("  ") == "··"
    assert visible("a\u202eb") == "a⟨U+202E⟩b"
    assert visible("\x1b") == "␛"
    assert visible("") == "∅"


def test_one_leading_space_stays_a_space_so_that_text_can_be_copied() -> None:
    read = Tokens(strip(exemplar(["The", " whale"], [0.0, 1.0], 1), 1.0)).found
    assert read[1] == ({"t-p20", "w", "peak"}, " whale")


def test_markup_in_tokens_stays_text() -> None:
    evil = '<script>alert("1")</script>'
    html = strip(exemplar([evil, ' "x'], [1.0, 0.5], 0), 1.0)
    parsed = Tokens(html)
    assert parsed.tags == {"div", "span", "i"}
    assert parsed.found[0][1] == evil


def test_the_strip_in_words_names_peak_place_and_context() -> None:
    words = spoken(exemplar(["Call", " me", " Ishmael", "."], [0.0, 0.0, 3.25, 0.0], 2))
    assert words == "Peak 3.2500 at token “·Ishmael”, position 2 of 4. Context: Call me[ Ishmael]."


def test_tokens_past_the_windows_end_are_not_shown() -> None:
    html = strip(exemplar(["a", "b"], [1.0, 0.5, None, None], 0), 1.0)
    assert len(Tokens(html).found) == 2
    assert 'data-values="1.0000 0.5000"' in html


def test_values_and_ids_travel_with_four_decimals() -> None:
    html = strip(exemplar(["a", "b"], [1.23456, -0.5], 0), 2.0)
    assert 'data-values="1.2346 -0.5000"' in html
    assert 'data-ids="0 1"' in html


def test_a_head_draws_an_arc_for_every_source_of_the_peak() -> None:
    pattern = AttentionView(sources=[[0], [1], [0, 2]], weights=[[1.0], [1.0], [0.7, 0.2]])
    item = exemplar(["a", "b", "c"], [0.0, 0.0, 1.0], 2, attention=pattern)
    html = attention(item)
    assert len(re.findall(r'class="arc s-\d"', html)) == 2
    assert "2 back" in html
    assert "itself" in html
    assert "rest 10.0" in html
    marked = Tokens(strip(item, 1.0)).found
    assert "s-4" in marked[0][0]
    assert "s-2" in marked[2][0]


def test_a_neuron_has_no_attention_drawing() -> None:
    assert attention(exemplar(["a"], [1.0], 0)) == ""


def test_intervals_come_highest_first_with_their_share_in_words() -> None:
    low = IntervalView(low=None, high=0.5, share=0.75)
    high = IntervalView(low=0.5, high=None, share=0.25)
    items = [exemplar(["a"], [v], 0, interval=i) for v, i in ((0.1, low), (0.2, low), (0.9, high))]
    groups = by_interval(items)
    assert [key for key, _ in groups] == [high, low]
    assert [len(group) for _, group in groups] == [1, 2]
    assert interval(high).startswith("Interval above 0.500 (contains 25.0")
    assert interval(low).startswith("Interval up to 0.500 (contains 75.0")


def test_a_peak_beyond_the_stored_tokens_is_said_and_breaks_nothing() -> None:
    item = exemplar(["a", "b"], [1.0, 0.5], 0).model_copy(update={"peak_position": 9, "peak": 2.0})
    assert spoken(item) == "Peak 2.0000 at position 9, whose token is not stored."
    assert len(Tokens(strip(item, 1.0)).found) == 2


def test_a_scale_of_zero_does_not_divide() -> None:
    assert math.isfinite(len(strip(exemplar(["a", "b"], [0.0, 0.0], 0), 0.0)))
