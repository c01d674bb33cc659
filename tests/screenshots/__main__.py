"""Takes every picture of the documentation anew, from the product on a copy of a real store.

make screenshots                              # of the demo's data folder, ./data
PATCHCLAMP_DATA=~/lab make screenshots        # of another one
python -m tests.screenshots neuron circuit    # only these
"""

import os
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.queries.circuit import list_circuits
from app.store.queries.job import list_jobs, request_cancel
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.contracts.tree import ROOT
from tests.screenshots import cast, house, stage, taking
from tests.screenshots.pictures import PICTURES

MODEL = "smollm2-135m-instruct"
INTO = ROOT / "docs" / "pictures"


def main(names: list[str]) -> None:
    unknown = {*names} - {picture.name for picture in PICTURES}
    if unknown:
        raise SystemExit(f"There is no picture {', '.join(sorted(unknown))}.")
    data = Path(os.environ.get("PATCHCLAMP_DATA") or ROOT / "data").expanduser()
    with tempfile.TemporaryDirectory(prefix="screenshots-", dir=data.parent) as folder:
        settings, engine = house.copied(data, Path(folder))
        _prepare(settings, needs_circuit=not names or "circuit" in names)
        tokens, logins = cast.enter(engine, MODEL)
        with house.open_house(settings) as address:
            api = {
                who: httpx.Client(
                    base_url=f"{address}/api/v1", headers={"X-Api-Key": token}, timeout=300
                )
                for who, token in tokens.items()
            }
            staged = stage.set_up(api, MODEL)
            INTO.mkdir(exist_ok=True)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
                for picture in PICTURES:
                    if names and picture.name not in names:
                        continue
                    file = taking.take(
                        browser, picture, address=address, stage=staged, logins=logins, into=INTO
                    )
                    print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} KB")  # noqa: T201
                browser.close()
        engine.dispose()


def _prepare(settings: Settings, *, needs_circuit: bool) -> None:
    """Ends what was under way when the store was copied, and finds the circuit that is shown where
    the store has none, which takes minutes."""
    engine = open_engine(settings)
    with open_session(engine, commit=True) as session:
        for status in ("running", "queued"):
            for job in list_jobs(session, status=status, model=None, models=None).items:
                request_cancel(session, job_id=job.id, actor="screenshots")
    with open_session(engine) as session:
        there = list_circuits(session, model=MODEL).items
    engine.dispose()
    if needs_circuit and not there:
        options = ("--n-pairs", "48", "--n-nodes", "64", "--title", "The verb that agrees")
        house.run(settings, "circuit", MODEL, "agreement", *options)
    house.run(settings, "worker", "--until-idle")


if __name__ == "__main__":
    main(sys.argv[1:])
