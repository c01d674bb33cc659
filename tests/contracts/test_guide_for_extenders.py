"""Every example of the guide for extenders works as it is shown."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import typer
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import Engine
from starlette.testclient import TestClient
from transformers import AutoModelForCausalLM, Starcoder2Config
from typer.testing import CliRunner

from analysis.models import architectures, load_model
from analysis.score.units import Prediction, take_target
from analysis.worker.inline import run_inline
from app.auth.needs import NEEDS
from app.exchange import formats
from app.exchange.exporting import export
from app.exchange.importing import import_path
from app.main import create_app
from app.rendering.environment import environment
from app.settings import Settings, get_settings
from app.store.engine import open_engine
from tests.analysis.models.tiny import make_tokenizer
from tests.analysis.score.pools import pool_of
from tests.contracts.documented import Block, blocks_of
from tests.kept import synthetic_store

GUIDE = "docs/extending.md"
UNIT = "/api/v1/models/synthetic/sites/mlp.0/units/5"

Load = Callable[..., ModuleType]


def example(name: str, *, part: str = "", language: str = "python") -> Block:
    """The block that begins with the name of its file, and has this part."""
    found = [
        block
        for block in blocks_of(GUIDE, language)
        if name in block.text.partition("\n")[0] and part in block.text
    ]
    assert len(found) == 1, name
    return found[0]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Makes an example the module that it says it is."""

    def loaded(name: str, part: str = "") -> ModuleType:
        dotted = name.removesuffix(".py").replace("/", ".")
        module = ModuleType(dotted if not part else f"{dotted}_{part}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        above, _, last = module.__name__.rpartition(".")
        if above:
            monkeypatch.setattr(sys.modules[above], last, module, raising=False)
        code = compile(example(name, part=part).text, f"{GUIDE}:{name}", "exec")
        exec(code, vars(module))  # noqa: S102 - our own guide
        return module

    return loaded


@pytest.fixture
def data(tmp_path: Path) -> Path:
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=192, window_length=16, exemplars_per_kind=2
    )
    return tmp_path


@pytest.fixture
def client(data: Path) -> Iterator[TestClient]:
    app = create_app(Settings(data=data, log_level="error"))
    with TestClient(app, base_url="http://localhost:8765") as client:
        yield client


@pytest.fixture
def engine(data: Path) -> Iterator[Engine]:
    engine = open_engine(Settings(data=data))
    yield engine
    engine.dispose()


def test_a_command_of_another_package_runs(
    load: Load, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATCHCLAMP_DATA", str(data))
    get_settings.cache_clear()
    app = typer.Typer()
    load("lab_commands.py").register(app)
    said = CliRunner().invoke(app, ["synthetic"], catch_exceptions=False).output
    get_settings.cache_clear()
    assert "mlp.0: 1" in said.splitlines()


def test_an_explainer_from_outside_is_scored(load: Load, client: TestClient) -> None:
    said = load("loudest_token.py").explain(client, UNIT)
    assert "\nwhen token in {" in said["program"]
    assert {line["split"] for line in said["headlines"]} >= {"test"}


def test_what_a_table_of_explanations_needs_is_enough(engine: Engine, tmp_path: Path) -> None:
    (line,) = (block.text for block in blocks_of(GUIDE, "") if block.text.startswith("{"))
    file = tmp_path / "theirs.jsonl"
    file.write_text(line.replace("mine", "synthetic").replace("mlp.3", "mlp.0"))
    report = import_path(engine, file, model="synthetic")
    assert [one.problem for one in report.files] == [None]
    assert report.total("n_imported") == 1


def test_a_scorer_from_outside_counts_tokens_on_the_same_side(
    load: Load, client: TestClient
) -> None:
    scorer = load("sign_score.py").sign_agreement
    fair = scorer(client, UNIT, "when position < 6 -> 2\notherwise 0.1\n")
    assert 0 < fair < 1
    pool = client.get(f"{UNIT}/pool", params={"split": "test", "limit": 256}).json()
    rows = (row[pool["counted_from"] :] for row in pool["activations"])
    values = np.array([value for row in rows for value in row if value is not None])
    high = (values > values.mean()).mean()
    # of a program that says the same everywhere nothing lies above the mean
    assert scorer(client, UNIT, "otherwise 1\n") == pytest.approx(1 - high)


def test_a_scorer_has_its_value_and_that_of_every_resample(load: Load) -> None:
    score = load("analysis/score/signs.py").score_signs
    actual = np.array([[1.0, -1, 2, -2]] * 8)
    predicted = np.array([[3.0, -3, -1, -1]] * 4 + [[3.0, -3, 1, -1]] * 4)
    pool = pool_of(8, 4, replicates=50)
    found = score(take_target(actual, pool, firing=None), Prediction(predicted), pool.draws)
    assert found.values.tolist() == [(4 * 3 + 4 * 4) / 32]
    assert found.replicates.shape == (50, 1)
    assert found.reasons == (None,)
    assert np.nanmin(found.replicates) >= 0.75


def test_a_model_of_the_new_architecture_is_loaded_and_recorded(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = load("analysis/models/architectures/starcoder2.py").STARCODER2
    monkeypatch.setitem(architectures.REGISTRY, "starcoder2", added)
    config = Starcoder2Config(
        vocab_size=320, hidden_size=24, intermediate_size=40, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=32,
        bos_token_id=0, eos_token_id=0, pad_token_id=None,
    )  # fmt: skip
    torch.manual_seed(0)
    theirs = AutoModelForCausalLM.from_config(config).eval()
    theirs.save_pretrained(tmp_path)
    make_tokenizer("gpt2").save_pretrained(tmp_path)
    model = load_model(
        str(tmp_path), dtype=torch.float32, device=torch.device("cpu"), cache=tmp_path
    )
    entered: list[torch.Tensor] = []
    theirs.model.layers[1].mlp.c_proj.register_forward_pre_hook(
        lambda _, given: entered.append(given[0])
    )
    tokens = torch.randint(4, 300, (2, 7), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        theirs(tokens)
    recorded: dict[str, Any] = {}
    model.run(
        tokens,
        lengths=torch.tensor([7, 7]),
        record=lambda site, values: recorded.update({site.name: values.clone()}),
    )
    assert recorded["attn.1"].shape == (2, 7, 4)
    torch.testing.assert_close(recorded["mlp.1"], entered[0])


def test_a_job_of_the_new_kind_runs(load: Load, data: Path, engine: Engine) -> None:
    module = load("analysis/worker/greeting.py")
    request = module.GreetRequest(names=["Ada", "", "Grace"])
    assert run_inline(engine, Settings(data=data), module.KIND, request) == {"greeted": 2}


def test_a_page_is_shown_where_it_has_a_need(
    load: Load, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = example("templates/quiet/page.html", language="jinja").text
    loader = ChoiceLoader([environment.loader, DictLoader({"quiet/page.html": template})])
    monkeypatch.setattr(environment, "loader", loader)
    client.app.router.routes[:0] = load("app/pages/quiet.py").router.routes  # type: ignore[attr-defined]
    for route, need in load("app/auth/needs/pages.py", "NEED").NEED.items():
        monkeypatch.setitem(NEEDS, route, need)
    page = client.get("/m/synthetic/mlp.0/quiet", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert page.text.count('<a href="/m/synthetic/mlp.0/') == 8


def test_a_format_is_written_and_read_again(
    load: Load, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("app/exchange/tab_separated.py")
    added = load("app/exchange/formats.py", "TABLE")
    monkeypatch.setitem(formats.FORMATS, "tsv", added.FORMAT)
    folder = tmp_path / "exported"
    written = export(engine, model="synthetic", form="tsv", to=folder)
    assert written.n_explanations > 0
    (file,) = folder.glob("*.tsv")
    report = import_path(engine, file, model="synthetic", form="tsv", dry_run=True)
    assert [one.problem for one in report.files] == [None]
    assert report.total("n_imported") + report.total("n_duplicates") == written.n_explanations
