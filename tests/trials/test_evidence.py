"""What is shown of an explanation on one split needs nothing of the others."""

from pathlib import Path

from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.kept import synthetic_store

LIST = "/api/v1/models/synthetic/sites/mlp.0/units/5/explanations"


def test_evidence_on_one_split_reads_no_pool_of_another(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, log_level="error"))
    synthetic_store(tmp_path, layers=1, neurons=8, heads=2, windows=48, window_length=16)
    (pool,) = tmp_path.rglob("pool-mlp.0-ood*")
    with TestClient(app) as client:
        number = client.post(LIST, json={"program": "when position < 6 -> 2"}).json()["id"]
        pool.unlink()
        found = client.get(f"/api/v1/explanations/{number}/evidence").json()
        assert found["missing"] is None
        assert found["simulation"]["split"] == "test"
        other = client.get(f"/api/v1/explanations/{number}/evidence?split=ood:code").json()
        assert "was pruned or moved away" in other["missing"]
