"""A program is tried on calibration; no test document has a part in what its writer is told."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from analysis.programs.parsing import parse_program
from analysis.programs.running import run_program
from app.main import create_app
from app.settings import Settings
from app.store.engine import open_session
from app.store.packing import pack, unpack
from app.store.queries.trial import read_trial
from app.store.tables import (
    ArtifactTable,
    DocumentTable,
    ExemplarTable,
    UnitStatisticsTable,
    WindowTable,
)
from app.trials.vocabularies import prepared_vocabulary
from tests.kept import synthetic_store
from tests.store.calibrating import keep_calibration

UNIT = {"model": "synthetic", "site": "mlp.0", "index": 5}
LIST = "/api/v1/models/synthetic/sites/mlp.0/units/5/explanations"
PAGE = "/m/synthetic/mlp.0/5/explanations"
PROGRAMS = ("when position < 6 -> 2\notherwise 0.1\n", 'when word in {"the", "of"} -> 1\n')
FRAGMENT = {"hx-request": "true", "hx-target": "div#check", "accept": "text/html"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """Of a store of the test's own."""
    app = create_app(Settings(data=tmp_path, log_level="error"))
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=192, window_length=16, exemplars_per_kind=2
    )
    with TestClient(app) as client:
        yield client


def told(client: TestClient) -> list[bytes]:
    """Every byte that somebody who tries is answered with, over REST and on the page."""
    answers = [client.post(f"{LIST}/try", json={"program": program}) for program in PROGRAMS]
    answers += [
        client.post(f"{PAGE}/try", data={"program": program}, headers=FRAGMENT)
        for program in PROGRAMS
    ]
    assert all(answer.status_code == 200 for answer in answers)
    return [answer.content for answer in answers]


def saved(client: TestClient) -> float:
    view = client.post(LIST, json={"program": PROGRAMS[0]}).json()
    return next(float(one["r"]) for one in view["headlines"] if one["split"] == "test")


def change_what_is_held_out(client: TestClient, data: Path) -> None:
    """Other activations in the pools, other tokens in the windows, other strongest windows and
    other statistics, of test and of held-out domains."""
    generator = np.random.default_rng(0)
    of = ("test", "ood:code")
    with open_session(client.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        pools = select(ArtifactTable).where(
            ArtifactTable.kind == "pool", ArtifactTable.split.in_(of)
        )
        for pool in session.scalars(pools).all():
            noise = generator.normal(0, 5, pool.shape).astype("<f2")
            (data / pool.path).write_bytes(noise.tobytes())
        windows = (
            select(WindowTable)
            .join(DocumentTable, DocumentTable.number == WindowTable.document)
            .where(DocumentTable.split.in_(of))
        )
        for window in session.scalars(windows).all():
            window.tokens = pack(unpack(window.tokens, np.uint32)[::-1], np.uint32)
        for exemplar in session.scalars(
            select(ExemplarTable).where(ExemplarTable.split.in_(of))
        ).all():
            exemplar.activations = pack(-3 * unpack(exemplar.activations, np.float16), np.float16)
        session.execute(
            update(UnitStatisticsTable)
            .where(UnitStatisticsTable.split.in_(of))
            .values(maximum=99.0, mean=-7.0)
        )


@pytest.mark.parametrize("calibrated", [True, False])
def test_what_a_try_says_is_the_same_to_the_byte_whatever_test_documents_hold(
    client: TestClient, tmp_path: Path, calibrated: bool
) -> None:
    if calibrated:
        keep_calibration(client.app.state.engine, tmp_path)  # type: ignore[attr-defined]
    before, r = told(client), saved(client)
    change_what_is_held_out(client, tmp_path)
    assert told(client) == before
    assert saved(client) != pytest.approx(r)  # so what was changed is what saving scores
    for pool in (*tmp_path.rglob("pool-*-test.f16"), *tmp_path.rglob("pool-*-ood-code.f16")):
        pool.unlink()
    assert told(client) == before


def test_it_is_scored_on_every_calibration_window_and_on_no_other(
    client: TestClient, tmp_path: Path
) -> None:
    engine = client.app.state.engine  # type: ignore[attr-defined]
    windows = keep_calibration(engine, tmp_path)
    tried = client.post(f"{LIST}/try", json={"program": PROGRAMS[0]}).json()
    assert (tried["split"], tried["chosen_on_fit_windows"]) == ("calibration", 0)
    (headline,) = tried["headlines"]
    assert (headline["split"], headline["n_windows"]) == ("calibration", len(windows))
    assert headline["n_documents"] == 3
    assert {score["split"] for score in tried["scores"]} == {"calibration"}
    assert [score["metric"] for score in tried["scores"]] == [
        "corpus_r", "r2_uncentred", "r2_centred", "deviation",
    ]  # fmt: skip
    simulation = tried["simulation"]
    assert (simulation["split"], simulation["n_windows"]) == ("calibration", len(windows))
    shown = {window["window"] for window in (*simulation["worst"], *simulation["random"])}
    assert shown <= set(windows)
    shares = [window["share"] for window in simulation["worst"]]
    assert shares == sorted(shares, reverse=True)


def test_its_r_is_the_correlation_over_calibration_windows_beside_the_lookup_and_the_mean(
    client: TestClient, tmp_path: Path
) -> None:
    engine = client.app.state.engine  # type: ignore[attr-defined]
    keep_calibration(engine, tmp_path)
    scores = {
        score["metric"]: score
        for score in client.post(f"{LIST}/try", json={"program": PROGRAMS[0]}).json()["scores"]
    }
    with open_session(engine) as session:
        trial = read_trial(session, **UNIT, data=tmp_path)
        calibration = trial.splits["calibration"]
        text, actual = calibration.text, calibration.actual.astype(np.float64)
        vocabulary = prepared_vocabulary(trial.vocabulary, trial.space)
        predicted = np.asarray(
            run_program(parse_program(PROGRAMS[0]), text.tokens, text.lengths, vocabulary)
        )
    at = np.arange(actual.shape[1])
    counted = (at >= trial.counted_from) & (at < text.lengths[:, None]) & np.isfinite(actual)
    a, p = actual[counted], predicted[counted]
    r = scores["corpus_r"]
    assert r["value"] == pytest.approx(np.corrcoef(a, p)[0, 1], abs=1e-5)
    assert (r["low"], r["reason"]) == (None, "no interval: fewer than 6 documents")
    assert r["baselines"]["lookup"] is not None
    squared = ((a - p) ** 2).sum()
    uncentred, centred = scores["r2_uncentred"], scores["r2_centred"]
    assert uncentred["value"] == pytest.approx(1 - squared / (a**2).sum(), rel=1e-4)
    assert centred["value"] == pytest.approx(1 - squared / ((a - a.mean()) ** 2).sum(), rel=1e-4)
    assert {type(uncentred["baselines"][name]) for name in ("mean", "lookup")} == {float}


def test_where_fit_windows_stand_in_they_are_what_is_shown(client: TestClient) -> None:
    tried = client.post(f"{LIST}/try", json={"program": PROGRAMS[0]}).json()
    with open_session(client.app.state.engine) as session:  # type: ignore[attr-defined]
        fit = session.scalars(select(ArtifactTable).filter_by(kind="pool", split="fit")).first()
    assert fit is not None
    n = tried["chosen_on_fit_windows"]
    assert n == len(fit.window_numbers) // 4
    assert tried["headlines"][0]["n_windows"] == tried["simulation"]["n_windows"] == n
    shown = {one["window"] for kind in ("worst", "random") for one in tried["simulation"][kind]}
    assert shown <= set(fit.window_numbers[-n:])
