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


def test_the_windows_of_a_run_are_paged_with_their_tokens(filled, synthetic):
    path = f"{RUNS}/{synthetic.run_id}/windows"
    counts = filled.get(f"{RUNS}/{synthetic.run_id}").json()["window_counts"]
    seen, cursor = [], None
    while True:
        query = {"limit": 20} | ({"cursor": cursor} if cursor else {})
        page = filled.get(path, params=query).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [window["number"] for window in seen] == list(range(sum(counts.values())))
    assert all(len(window["tokens"]) == len(window["token_ids"]) for window in seen)
    of_test = filled.get(path, params={"split": "test", "limit": 200}).json()["items"]
    assert of_test == [window for window in seen if window["split"] == "test"]
    document = seen[0]["document"]
    shown = filled.get(f"/api/v1/corpora/starter/documents/{document}")
    if shown.status_code == 200:
        assert shown.json()["title"] == seen[0]["document_title"]


def test_windows_fit_those_of_a_pool(filled, synthetic):
    units = f"/api/v1/models/{synthetic.name}/sites/mlp.0/units"
    pool = filled.get(f"{units}/5/pool", params={"split": "test"}).json()
    query = {"split": "test", "limit": 200}
    windows = filled.get(f"{RUNS}/{synthetic.run_id}/windows", params=query).json()["items"]
    by_number = {window["number"]: window for window in windows}
    for number, start, ids in zip(pool["windows"], pool["starts"], pool["token_ids"], strict=True):
        assert by_number[number]["start"] == start
        assert by_number[number]["token_ids"] == ids


def test_windows_of_a_missing_run_are_a_404_and_a_foreign_cursor_a_400(filled, synthetic):
    assert filled.get(f"{RUNS}/{2**31 - 1}/windows").status_code == 404
    runs = filled.get(RUNS, params={"limit": 1}).json()
    query = {"cursor": runs["next_cursor"]}
    found = filled.get(f"{RUNS}/{synthetic.run_id}/windows", params=query)
    assert found.status_code in (400, 422)
