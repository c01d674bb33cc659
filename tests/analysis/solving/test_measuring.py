"""The passes through a model: what is measured of planted and of random ones."""

import pytest
import torch

from analysis.errors import TaskError
from analysis.models.subject import SubjectModel
from analysis.solving.measuring import last_logits, measure, reader_of_model
from analysis.tasks.generating import generate
from analysis.tasks.task import Pair, Side
from tests.analysis.solving.tasks import BEFORE, metric_of, planted_pairs, task_of


def test_the_planted_difference_of_logits_is_found(planted, planted_reader):
    found = measure(planted, task_of(planted_pairs(planted_reader)))
    assert found.clean == pytest.approx([1.0] * len(BEFORE))
    assert found.counterfactual == pytest.approx([-2.0] * len(BEFORE))
    assert found.right == (True,) * len(BEFORE)
    assert found.ranks == (1,) * len(BEFORE)
    assert found.chances == (0.5,) * len(BEFORE)


def test_a_wrong_answer_is_seen_with_its_rank(planted, planted_reader):
    pairs = planted_pairs(planted_reader, right="moon", wrong="tree")
    found = measure(planted, task_of(pairs))
    assert not any(found.right)
    assert min(found.ranks) > 1


def test_without_wrong_answers_all_other_tokens_are_wrong(planted, planted_reader):
    pairs = planted_pairs(planted_reader, wrong="")
    found = measure(planted, task_of(pairs, metric=metric_of("log_probability")))
    assert found.right == (True,) * len(BEFORE)
    assert found.chances == pytest.approx([1 / planted.facts.n_vocab] * len(BEFORE))


def test_kl_is_nothing_on_the_clean_prompt_and_something_on_the_other(planted, planted_reader):
    pairs = planted_pairs(planted_reader, right="", wrong="")
    found = measure(planted, task_of(pairs, metric=metric_of("kl")))
    assert found.clean == (0.0,) * len(BEFORE)
    assert min(found.counterfactual) > 0.1
    assert found.right == (None,) * len(BEFORE) == found.ranks == found.chances


def test_pairs_with_and_without_answers_go_together(planted, planted_reader):
    named, unnamed = (planted_pairs(planted_reader, right=word, wrong="") for word in ("tree", ""))
    mixed = task_of((*named[:3], *unnamed[3:]), metric=metric_of("kl"))
    assert measure(planted, mixed).right == (True,) * 3 + (None,) * (len(BEFORE) - 3)


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma2", "plain"])
@pytest.mark.parametrize("at_once", [1, 3, 64])
def test_batches_of_any_size_measure_what_single_prompts_do(load_tiny, architecture, at_once):
    model = load_tiny(architecture)
    assert isinstance(model, SubjectModel)
    task = generate("induction", reader_of_model(model), n=10, seed=0)
    found = measure(model, task, at_once=at_once)
    for number, pair in enumerate(task.pairs):
        (logits,) = last_logits(model, [pair.clean.tokens])
        hidden = model.run(torch.tensor([pair.clean.tokens]))
        assert torch.allclose(logits, model.logits(hidden)[0, -1].float(), atol=1e-5)
        right, wrong = pair.right[0].id, pair.wrong[0].id
        assert found.clean[number] == pytest.approx(float(logits[right] - logits[wrong]), abs=1e-4)
        assert found.right[number] == bool(logits[right] > logits[wrong])
        assert found.ranks[number] == int((logits > logits[right]).sum()) + 1


def test_prompts_of_a_model_with_bos_begin_with_it(load_tiny):
    reader = reader_of_model(load_tiny("llama"))
    assert reader.prompt("The cat")[0] == reader.begins == 0


def test_it_can_be_stopped_between_batches(planted, planted_reader):
    asked = []

    def stop():
        asked.append(1)
        if len(asked) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        measure(planted, task_of(planted_pairs(planted_reader)), at_once=2, check=stop)
    assert len(asked) == 2


def test_a_constant_metric_is_refused(planted, planted_reader):
    pairs = planted_pairs(planted_reader, counterfactual="dog")
    with pytest.raises(TaskError, match="is constant") as caught:
        measure(planted, task_of(pairs))
    assert "counterfactual" in caught.value.hint


def test_own_tokens_that_nothing_moves_are_a_constant_metric(planted, planted_reader):
    metric = metric_of("own_tokens", planted_reader, ["king"], ["moon"])
    with pytest.raises(TaskError, match="is constant"):
        measure(planted, task_of(planted_pairs(planted_reader), metric=metric))


def test_own_tokens_are_measured(planted, planted_reader):
    metric = metric_of("own_tokens", planted_reader, ["river"], ["king"])
    found = measure(planted, task_of(planted_pairs(planted_reader), metric=metric))
    assert found.counterfactual == pytest.approx([2.0] * len(BEFORE))
    assert found.clean == pytest.approx([0.0] * len(BEFORE))


def test_a_metric_that_is_no_number_is_refused(planted, planted_reader, monkeypatch):
    monkeypatch.setattr(planted, "logits", lambda last: torch.full((len(last), 24), torch.nan))
    with pytest.raises(TaskError, match="pair 1 is no number"):
        measure(planted, task_of(planted_pairs(planted_reader)))


def test_a_model_that_does_not_predict_the_next_token_is_refused(load_tiny, planted_reader):
    with pytest.raises(TaskError, match="does not predict the next token"):
        measure(load_tiny("bert"), task_of(planted_pairs(planted_reader)))


def test_a_task_for_another_tokenizer_is_refused(planted, planted_reader):
    task = task_of(planted_pairs(planted_reader), tokenizer_sha256="1" * 64)
    with pytest.raises(TaskError, match="another tokenizer"):
        measure(planted, task)


def test_a_token_that_the_model_does_not_have_is_refused(planted, planted_reader):
    pairs = planted_pairs(planted_reader)
    strange = Pair.model_validate(pairs[0].model_dump() | {"right": [{"id": 24, "text": " ?"}]})
    task = task_of((*pairs[1:], strange))
    with pytest.raises(TaskError, match="pair 8 has the token 24; the model's end at 23"):
        measure(planted, task)


def test_a_prompt_longer_than_the_context_is_refused(load_tiny):
    sides = [Side(text="x", tokens=(*[1] * 40, last)) for last in (1, 2)]
    answers = {"right": [{"id": 3, "text": "a"}], "wrong": [{"id": 4, "text": "b"}]}
    pair = Pair(clean=sides[0], counterfactual=sides[1], **answers)
    with pytest.raises(TaskError, match="has 41 tokens; the model's context is 32"):
        measure(load_tiny("llama"), task_of((pair,)))
