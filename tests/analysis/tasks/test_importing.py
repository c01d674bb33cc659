"""Files of prompts: what is read, what is refused and where, what an export holds."""

import json
import tracemalloc

import pytest

from analysis.errors import TaskError
from analysis.tasks.exporting import export_task
from analysis.tasks.generating import GENERATORS, generate
from analysis.tasks.importing import import_task, spellings
from analysis.tasks.rows import read_rows
from tests.analysis.tasks.readers import byte_pairs, characters, words_apart
from tests.analysis.tasks.vocabularies import known_words

READER = words_apart("tom ann and met saw thanked then yes no")
ROW = {
    "clean": "tom and ann met then tom thanked",
    "counterfactual": "tom and ann met then ann thanked",
    "answer": "ann",
    "wrong": "tom",
}
OTHER = ROW | {
    "clean": "ann and tom met then ann thanked",
    "counterfactual": "ann and tom met then tom thanked",
    "answer": "tom",
    "wrong": "ann",
}


def lines(*rows):
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()


def imported(*rows, reader=READER, file="mine.jsonl", **more):
    return import_task(lines(*rows), reader, file=file, **more)


def refused(*rows, **more):
    with pytest.raises(TaskError) as caught:
        imported(*rows, **more)
    assert caught.value.hint
    return caught.value.detail


def test_json_lines_are_read_as_the_models_tokens():
    task = imported(ROW | {"name": "first"}, OTHER)
    pair = task.pairs[0]
    assert pair.clean.tokens == READER.prompt(ROW["clean"])
    assert (pair.name, pair.changed) == ("first", (6,))
    assert [READER.texts[token.id] for token in (*pair.right, *pair.wrong)] == [" ann", " tom"]
    assert (task.name, task.source.file, task.metric.kind) == (
        "mine",
        "mine.jsonl",
        "logit_difference",
    )


def test_csv_is_read_with_several_answers_in_a_cell():
    table = (
        "clean,counterfactual,answer,wrong,name\n"
        '"tom and ann met then tom thanked",tom and ann met then ann thanked,ann|yes,tom,a\n'
        "ann and tom met then ann thanked,ann and tom met then tom thanked,tom,ann|no,b\n"
    )
    task = import_task(table.encode(), READER, file="mine.csv")
    assert [len(pair.right) for pair in task.pairs] == [2, 1]
    assert [pair.name for pair in task.pairs] == ["a", "b"]


def test_csv_and_json_lines_of_the_same_rows_are_the_same_task():
    table = "clean,counterfactual,answer,wrong\n" + "".join(
        ",".join(row.values()) + "\n" for row in (ROW, OTHER)
    )
    csv = import_task(table.encode("utf-8-sig"), READER, file="mine.csv")
    assert csv.digest == imported(ROW, "", OTHER).digest


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("reader", [byte_pairs, known_words], ids=["byte pairs", "whole words"])
def test_an_export_imports_to_the_same_task(kind, reader):
    task = generate(kind, reader(), n=20, seed=4)
    again = import_task(export_task(task), reader(), file="export.jsonl")
    assert again.digest == task.digest
    assert (again.name, again.pairs, again.metric) == (task.name, task.pairs, task.metric)


def test_an_export_without_spaces_before_its_answers_imports_to_the_same_task():
    task = generate("induction", characters("abcdefgh"), n=20, seed=0)
    again = import_task(export_task(task), characters("abcdefgh"), file="export.jsonl")
    assert again.digest == task.digest


@pytest.mark.parametrize("metric", ["log_probability", "kl"])
def test_a_metric_survives_export(metric):
    task = imported(ROW, OTHER, metric=metric)
    assert task.metric.kind == metric
    assert import_task(export_task(task), READER, file="e.jsonl").digest == task.digest


def test_own_tokens_survive_export():
    task = imported(ROW, OTHER, metric="own_tokens", raised=["yes"], lowered=["no"])
    assert [READER.texts[token.id] for token in task.metric.raised] == [" yes"]
    assert import_task(export_task(task), READER, file="e.jsonl").digest == task.digest


@pytest.mark.parametrize(
    ("prompt", "answer", "meant"),
    [
        ("gave it to", "Ann", " Ann"),
        ("Ann met,", "Tom", " Tom"),
        ("Ann (", "Tom", "Tom"),
        ("said “", "Yes", "Yes"),
        ("from 1745 to 17", "63", "63"),
        ("the year", "1763", " 1763"),
        ("a b ", "c", "c"),
        ("gave it to", " Ann", " Ann"),
        ("well", ",", ","),
    ],
)
def test_a_space_is_put_before_an_answer_where_one_is_meant(prompt, answer, meant):
    assert spellings(prompt, answer, exact=False)[0] == meant


def test_answers_of_a_real_tokenizer_are_found_without_their_space():
    row = {
        "clean": "When Mary and John met, John thanked",
        "counterfactual": "When Mary and John met, Mary thanked",
        "answer": "Mary",
        "wrong": "John",
    }
    task = imported(row, reader=byte_pairs(), fewest=1)
    assert byte_pairs().texts[task.pairs[0].right[0].id] == " Mary"


def test_prompts_of_different_length_are_refused_with_line_and_lengths():
    said = refused(ROW, OTHER | {"counterfactual": "ann and tom met then thanked"})
    assert "mine.jsonl, line 2" in said
    assert "has 8 tokens and the counterfactual 7" in said


def test_an_answer_of_two_tokens_is_refused():
    assert "line 1: the answer ' ann tom' is not one token" in refused(
        ROW | {"answer": "ann tom"}, OTHER
    )


def test_an_answer_that_the_vocabulary_does_not_have_is_refused():
    assert "the answer ' anne' is not one token" in refused(ROW | {"answer": "anne"}, OTHER)


def test_a_prompt_of_unknown_words_is_refused_with_the_line():
    assert "line 1: 'tim' is not in" in refused(ROW | {"clean": "tim and ann met"}, OTHER)


def test_an_answer_that_is_right_and_wrong_is_refused():
    assert "the same token as another answer" in refused(ROW | {"wrong": ["tom", "ann"]}, OTHER)


def test_prompts_that_are_the_same_are_refused():
    assert "are the same tokens" in refused(ROW | {"counterfactual": ROW["clean"]}, OTHER)


def test_a_task_of_one_prompt_is_refused():
    assert "has one prompt: nothing could be held out" in refused(ROW)


def test_one_prompt_is_a_task_where_that_is_asked_for():
    assert len(imported(ROW, fewest=1).pairs) == 1


def test_a_row_that_was_there_before_is_refused_with_both_lines():
    said = refused(ROW, OTHER, "", ROW | {"name": "again"})
    assert "line 4" in said
    assert "of line 1 again" in said


@pytest.mark.parametrize("raw", [b"", b"\n \n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("file", ["mine.jsonl", "mine.csv"])
def test_an_empty_file_is_refused(raw, file):
    with pytest.raises(TaskError, match="holds no prompts"):
        import_task(raw, READER, file=file)


def test_a_table_of_a_header_alone_is_refused():
    with pytest.raises(TaskError, match="holds no prompts"):
        import_task(b"clean,counterfactual,answer,wrong\n", READER, file="mine.csv")


@pytest.mark.parametrize("file", ["mine.jsonl", "mine.csv"])
def test_what_is_no_utf_8_is_refused_with_the_line(file):
    with pytest.raises(TaskError, match=r"line 2: byte \d+ is no UTF-8"):
        import_task(b"{}\n\xff\xfe\n", READER, file=file)


def test_another_kind_of_file_is_refused():
    assert "neither .jsonl nor .csv" in refused(ROW, OTHER, file="mine.xlsx")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "this is no JSON"),
        ("[1]", "this is no JSON object"),
        ("[" * 100_000, "this is no JSON"),
        ({"clean": "tom"}, "counterfactual is missing"),
        (ROW | {"clean": 3}, "clean is missing or no text"),
        (ROW | {"clean": "  "}, "clean is empty"),
        (ROW | {"answers": "ann"}, "there is no column 'answers'"),
        (ROW | {"answer": 3}, "answer is neither a text nor a list"),
        (ROW | {"answer": ["ann", None]}, "answer is neither a text nor a list"),
        (ROW | {"wrong": ""}, "names no wrong answer"),
        (ROW | {"answer": None}, "names no right answer"),
        (ROW | {"name": "x" * 201}, "name has 201 characters"),
        (ROW | {"clean": "x" * 100_001}, "clean has 100,001 characters"),
        (ROW | {"clean": "\ud800"}, "half a character"),
        ({"task": "t"}, "the heading is not the first line"),
        (ROW | {"answer": [{}] * 300_000}, "about 600,0"),
        (ROW | {"a" * 1000: 1}, f"there is no column '{'a' * 59}…"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_line(row, said):
    found = refused(OTHER, row)
    assert found.startswith("mine.jsonl, line 2: ")
    assert said in found


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("clean,answer\ntom,ann\n", "line 1: the header has no column counterfactual"),
        ("clean,counterfactual\ntom\n", "line 2: the row has not 2 cells"),
        ("clean,counterfactual\ntom,ann,yes\n", "line 2: the row has not 2 cells"),
        ('clean,counterfactual\n"tom,ann\n', "this is no CSV"),
        ("clean,counterfactual,right\ntom,ann,yes\n", "there is no column 'right'"),
        (f'clean,counterfactual\n"{"x" * 200_000}",ann\n', "this is no CSV"),
        ("clean,counterfactual" + ",a" * 500_001, "line 1: about 500,002 values in one line"),
        ("clean,counterfactual\n" + "a," * 500_001, "line 2: about 500,001 values in one line"),
        (f"clean,counterfactual,{'a' * 1000}\ntom,ann,1\n", f"there is no column '{'a' * 59}…"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_line(table, said):
    with pytest.raises(TaskError) as caught:
        import_task(table.encode(), READER, file="mine.csv")
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ({"task": 3}, "task is missing or no text"),
        ({"task": "t", "metric": "luck"}, "there is no metric 'luck'"),
        ({"task": "t", "metric": ["kl"]}, "there is no metric"),
        ({"task": "t", "metric": "x" * 1000}, f"there is no metric '{'x' * 59}…"),
        ('{"task": "t", "metric": ' + "[" * 900 + "]" * 900 + "}", "there is no metric that is an"),
        ({"task": "t", "exact": "yes"}, "neither true nor false"),
    ],
)
def test_a_heading_that_cannot_be_read_is_refused(heading, said):
    assert said in refused(heading, ROW, OTHER)


def test_lines_are_numbered_as_an_editor_numbers_them_whatever_is_between():
    said = refused("", "  ", OTHER, "", "", "{")
    assert said.startswith("mine.jsonl, line 6: ")


def test_a_file_of_empty_lines_takes_no_memory_for_each():
    raw = b"\n" * 5_000_000
    tracemalloc.start()
    with pytest.raises(TaskError, match="holds no prompts"):
        read_rows(raw, "mine.jsonl")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * len(raw)


def test_a_metric_token_that_is_not_one_token_is_refused():
    said = refused(ROW, OTHER, metric="own_tokens", raised=["yes no"])
    assert "the metric's token ' yes no' is not one and the same token" in said


def test_a_metric_of_own_tokens_without_tokens_is_refused():
    assert "makes no task: name tokens" in refused(ROW, OTHER, metric="own_tokens")


def test_an_answer_written_exactly_is_not_given_a_space():
    rows = (ROW, OTHER)
    assert "the answer 'ann' is not one token" in refused({"task": "t", "exact": True}, *rows)


def test_a_prompt_longer_than_the_context_is_refused():
    reader = type(READER)(READER.encode, READER.texts, READER.begins, longest=5)
    assert "the model's context is 5" in refused(ROW, OTHER, reader=reader)
