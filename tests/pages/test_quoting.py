"""Someone reads what a program says: quoted tokens stay on one line."""

from markupsafe import Markup
from starlette.testclient import TestClient

from app.rendering.quoting import LONGEST, unbroken


def test_a_quoted_token_is_kept_together_with_its_blank() -> None:
    assert unbroken("Fires on “ House” and “s”.") == (
        'Fires on <span class="quoted">“ House”</span> and <span class="quoted">“s”</span>.'
    )


def test_tokens_of_a_program_are_kept_together() -> None:
    assert unbroken(r'token in {" a", "\"b"}') == (
        'token in {<span class="quoted">&#34; a&#34;</span>, '
        '<span class="quoted">&#34;\\&#34;b&#34;</span>}'
    )


def test_markup_in_a_token_is_escaped() -> None:
    assert unbroken("“<b>”") == '<span class="quoted">“&lt;b&gt;”</span>'


def test_a_marked_word_within_quotes_is_kept_with_them() -> None:
    marked = Markup("“ <mark>House</mark>”")
    assert unbroken(marked) == '<span class="quoted">“ <mark>House</mark>”</span>'


def test_marks_that_cross_a_quote_are_left_alone() -> None:
    crossing = Markup("<mark>on “ House</mark>”")
    assert unbroken(crossing) == crossing


def test_a_long_quote_breaks_as_other_text_does() -> None:
    long = "“" + "a " * LONGEST + "”"
    assert unbroken(long) == long


def test_a_claim_on_the_page_keeps_its_tokens_whole(pages: TestClient) -> None:
    listed = pages.get("/search", params={"q": "fires"}).text
    assert '<span class="quoted">' in listed
