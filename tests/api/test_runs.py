RUNS = "/api/v1/runs"


def test_runs_are_listed_newest_first_and_filtered(filled):
    everything = filled.get(RUNS).json()["items"]
    numbers = [run["id"] for run in everything]
    assert numbers == sorted(numbers, reverse=True)
    sweeps = filled.get(RUNS, params={"kind": "sweep", "model": "synthetic"}).json()["items"]
    assert {(run["kind"], run["model"]) for run in sweeps} == {("sweep", "synthetic")}


def test_runs_are_paged(filled):
    first = filled.get(RUNS, params={"limit": 1}).json()
    second = filled.get(RUNS, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert first["items"][0]["id"] != second["items"][0]["id"]


def test_a_run_tells_how_to_do_it_again(filled, synthetic):
    run = filled.get(f"{RUNS}/{synthetic.run_id}").json()
    assert run["command"]
    assert run["weights_sha256"]
    assert run["parameters"]


def test_a_missing_run_is_a_404_and_a_strange_number_a_422(filled):
    assert filled.get(f"{RUNS}/{2**31 - 1}").status_code == 404
    assert filled.get(f"{RUNS}/{2**70}").status_code == 422
    assert filled.get(f"{RUNS}/one").status_code == 422


def test_artifacts_have_shape_type_and_checksum(filled, synthetic):
    artifacts = filled.get(f"{RUNS}/{synthetic.run_id}/artifacts").json()
    assert {artifact["kind"] for artifact in artifacts} == {"pool"}
    assert all(len(artifact["sha256"]) == 64 for artifact in artifacts)


def test_artifacts_of_a_missing_run_are_a_404(filled):
    assert filled.get(f"{RUNS}/{2**31 - 1}/artifacts").status_code == 404
