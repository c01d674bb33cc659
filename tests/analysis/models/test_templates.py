"""Chat templates come with models, which may be anybody's: none of them keeps its thread."""

import sys
from collections.abc import Callable

import pytest
from transformers import AutoTokenizer

from analysis.errors import ModelError
from analysis.models import templates
from analysis.models.templates import Turns, writer_of
from tests.analysis.models.tiny import make_tiny

TURNS = [("user", "the cat")]
LOOPS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
MACROS = (
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}"
)
FILTERS = "{{ range(99999) | map('string') | list | length }}" * 100


@pytest.fixture(scope="module")
def write(tmp_path_factory) -> Callable[[str, Turns], str]:
    """What a template makes of a conversation."""
    folder = make_tiny("llama", tmp_path_factory.mktemp("templates") / "llama")
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def written(template: str, turns: Turns = TURNS) -> str:
        tokenizer.chat_template = template
        return writer_of(tokenizer)(turns)

    return written


@pytest.mark.parametrize("template", [LOOPS, MACROS, FILTERS])
def test_a_template_that_never_ends_is_ended(write, template, monkeypatch):
    monkeypatch.setattr(templates, "SECONDS", 0.3)
    with pytest.raises(ModelError, match=r"does not end within 0\.3 seconds") as told:
        write(template)
    assert "prompt as text" in told.value.hint


def test_after_a_template_that_never_ends_another_is_rendered(write, monkeypatch):
    monkeypatch.setattr(templates, "SECONDS", 0.3)
    with pytest.raises(ModelError, match="does not end"):
        write(LOOPS)
    assert write("{{ messages[0].content }}") == "the cat"


def test_whoever_traces_the_thread_goes_on_tracing_it(write, monkeypatch):
    monkeypatch.setattr(templates, "SECONDS", 0.2)

    def trace(*_: object) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(ModelError, match="does not end"):
            write(LOOPS)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)


def test_a_template_that_writes_without_measure_is_refused(write):
    doubling = (
        "{% set ns = namespace(x='a') %}{% for i in range(23) %}{% set ns.x = ns.x ~ ns.x %}"
        "{% endfor %}{{ ns.x }}"
    )
    with pytest.raises(ModelError, match="makes 8,388,608 characters"):
        write(doubling)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ messages[7].content }}", "has no element 7"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"),
    ],
)
def test_a_template_that_fails_is_told_as_a_refusal_of_the_conversation(write, template, said):
    with pytest.raises(ModelError, match=said):
        write(template)
