"""One noun, one name, everywhere; and no file that could be called anything."""

import re

from tests.contracts.tree import CODE, ROOT, files, shown

VAGUE = {"models", "utils", "util", "helpers", "helper", "common", "misc", "tools", "base_utils"}
BELONG_TO_NO_PAGE = {"api", "parts", "problem"}
"""Template folders: the description of the API, blocks that several pages show, and what is shown
instead of a page."""


def stems(folder: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__", "base"}


def test_no_file_has_a_name_that_says_nothing() -> None:
    named = [shown(path) for path in files(suffix=".py") if path.stem in VAGUE]
    plural_router = {"app/api/v1/models.py"}  # of the resource /models, as its path
    assert set(named) <= plural_router


def test_each_noun_of_the_store_has_tables_views_and_queries_of_its_name() -> None:
    assert stems("app/store/tables") <= stems("app/store/views")
    rooms = {
        path.name.removesuffix("s") for path in (ROOT / "app/store").iterdir() if path.is_dir()
    }
    assert stems("app/store/tables") <= stems("app/store/queries") | rooms


def test_each_noun_of_the_store_has_a_page_and_a_template_folder_of_its_name() -> None:
    templates = {path.name for path in (ROOT / "templates").iterdir() if path.is_dir()}
    assert stems("app/store/tables") <= stems("app/pages") & templates


def test_each_template_folder_is_named_after_the_page_that_shows_it() -> None:
    templates = {path.name for path in (ROOT / "templates").iterdir() if path.is_dir()}
    assert templates - BELONG_TO_NO_PAGE <= stems("app/pages")


def test_no_module_is_so_long_that_it_must_have_two_subjects() -> None:
    long = [shown(p) for p in files(suffix=".py") if len(p.read_text().splitlines()) > 500]
    assert long == []


def test_a_test_is_named_by_a_sentence() -> None:
    short = [
        f"{shown(path)}: {name}"
        for path in files("tests", suffix=".py")
        for name in re.findall(r"^ *(?:async )?def test_(\w+)", path.read_text(), re.MULTILINE)
        if "_" not in name
    ]
    assert short == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    excuse = re.compile(r"\b(?:mark\.(?:skip|skipif|xfail)|pytest\.(?:skip|xfail|importorskip))\b")
    excused = [
        shown(path)
        for path in files("tests", suffix=".py")
        if path.name != "test_names.py" and excuse.search(path.read_text())
    ]
    assert excused == []


def test_every_folder_of_code_is_a_package() -> None:
    holding = {path.parent for path in files(*CODE, suffix=".py")}
    assert [shown(folder) for folder in holding if not (folder / "__init__.py").exists()] == []
