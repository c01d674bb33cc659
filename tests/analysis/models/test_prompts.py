"""From text, ids and conversations to the tokens that a model runs over."""

import pytest
import torch
from transformers import AutoTokenizer

from analysis.errors import ModelError
from analysis.models import load_model
from analysis.models.prompts import described, tokens_of
from analysis.models.weighing import weight_bytes
from analysis.protocol.prompts import Prompt
from tests.analysis.models.tiny import make_tiny, make_tiny_plain

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}"
    "{{ raise_exception('no system here') }}{% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def load(folder, kind):
    return load_model(
        str(folder), kind=kind, dtype=torch.float32, device=torch.device("cpu"), cache=folder
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return load(make_tiny_plain(tmp_path_factory.mktemp("prompts") / "plain"), "plain")


@pytest.fixture(scope="module")
def chatting(tmp_path_factory):
    folder = make_tiny("llama", tmp_path_factory.mktemp("prompts") / "llama")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return load(folder, "folder")


def test_text_begins_with_bos_unless_it_should_not(plain):
    assert tokens_of(plain, Prompt(text="a b")) == [0, 1, 2]
    assert tokens_of(plain, Prompt(text="a b", bos=False)) == [1, 2]


def test_ids_are_taken_as_they_are(plain):
    assert tokens_of(plain, Prompt(tokens=(3, 0, 3))) == [3, 0, 3]
    texts = described(plain.token_texts(), [3, 0])
    assert [token.text for token in texts] == [" c", "BOS"]


def test_an_id_outside_of_the_vocabulary_is_refused_with_its_place(plain):
    with pytest.raises(ModelError, match=r"token 1 has the id 10; .* run from 0 to 9"):
        tokens_of(plain, Prompt(tokens=(1, 10)))


def test_a_prompt_may_fill_the_context_and_no_more(plain):
    assert len(tokens_of(plain, Prompt(text="a " * 31))) == 32
    with pytest.raises(ModelError, match="33 tokens; the model's context is 32"):
        tokens_of(plain, Prompt(text="a " * 32))


def test_a_text_without_tokens_is_refused(plain):
    with pytest.raises(ModelError, match="no tokens"):
        tokens_of(plain, Prompt(text=" ", bos=False))


def test_a_conversation_is_written_as_the_template_says(chatting):
    turns = ({"role": "user", "content": "the cat"}, {"role": "assistant", "content": "sat"})
    found = tokens_of(chatting, Prompt(turns=turns))
    written = "user: the cat\nassistant: sat\nassistant: "
    assert found == [0, *chatting.encode(written)]
    assert found.count(0) == 1


def test_a_conversation_that_the_template_refuses_is_told(chatting):
    with pytest.raises(ModelError, match="no system here") as told:
        tokens_of(chatting, Prompt(turns=({"role": "system", "content": "be kind"},)))
    assert "alternation" in told.value.hint


def test_a_model_without_a_template_takes_no_conversation(plain, chatting):
    assert (plain.has_chat_template, chatting.has_chat_template) == (False, True)
    with pytest.raises(ModelError, match="no chat template"):
        tokens_of(plain, Prompt(turns=({"role": "user", "content": "a"},)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_take_what_was_foretold(tmp_path, dtype):
    folder = make_tiny("llama", tmp_path / "llama")
    foretold = weight_bytes(str(folder), "folder", dtype=dtype, cache=tmp_path)
    assert foretold == load(folder, "folder").facts.n_parameters * dtype.itemsize
