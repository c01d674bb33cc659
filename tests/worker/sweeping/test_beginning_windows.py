"""What windows begin with: as the tokenizer does, or as one asks."""

from pathlib import Path

import pytest
import torch

from analysis.models import load_model
from analysis.worker.sweeping.preparing import chosen_bos
from app.errors import BadRequestError
from tests.analysis.models.tiny import make_tiny


def _facts(architecture: str, folder: Path):
    make_tiny(architecture, folder)
    model = load_model(str(folder), dtype=torch.float32, device=torch.device("cpu"), cache=folder)
    return model.facts


def test_a_tokenizer_that_has_bos_but_does_not_use_it(tmp_path):
    facts = _facts("gpt2", tmp_path)
    assert facts.bos_token_id is None
    assert facts.named_bos_token_id == 0
    assert chosen_bos("auto", facts) is None
    assert chosen_bos("always", facts) == 0
    assert chosen_bos("never", facts) is None
    assert chosen_bos(7, facts) == 7


def test_a_tokenizer_that_begins_with_bos(tmp_path):
    facts = _facts("llama", tmp_path)
    assert chosen_bos("auto", facts) == chosen_bos("always", facts) == facts.bos_token_id == 0
    assert chosen_bos("never", facts) is None


def test_cls_counts_as_bos(tmp_path):
    facts = _facts("bert", tmp_path)
    assert chosen_bos("always", facts) == facts.bos_token_id == 0


def test_a_token_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadRequestError, match="no token 320"):
        chosen_bos(320, _facts("gpt2", tmp_path))
