MODEL = "/api/v1/models/synthetic"


def test_models_are_listed_with_their_measured_units(filled):
    models = filled.get("/api/v1/models").json()
    assert [model["name"] for model in models] == ["synthetic", "synthetic-2"]
    assert models[0]["n_units"] == models[0]["unit_count"] == 2 * (24 + 3)


def test_one_model_is_the_same_as_in_the_list(filled):
    assert filled.get(MODEL).json() == filled.get("/api/v1/models").json()[0]


def test_a_missing_model_says_which_and_what_to_do(filled):
    answer = filled.get("/api/v1/models/nobody")
    assert answer.status_code == 404
    assert "nobody" in answer.json()["detail"]
    assert answer.json()["hint"]


def test_a_name_that_no_model_can_have_is_refused(filled):
    assert filled.get("/api/v1/models/..%5Cetc").status_code == 422
    assert filled.get("/api/v1/models/%00").status_code == 422
    assert filled.get("/api/v1/models/..%2F..%2Fetc").status_code == 404


def test_sites_come_by_layer(filled):
    sites = filled.get(f"{MODEL}/sites").json()
    assert {site["name"] for site in sites} == {"mlp.0", "mlp.1", "attn.0", "attn.1"}
    assert all(site["unit_count"] == site["n_units"] for site in sites)


def test_sites_of_another_run_are_counted_for_that_run(filled, synthetic):
    same = filled.get(f"{MODEL}/sites", params={"run_id": synthetic.run_id})
    assert same.json() == filled.get(f"{MODEL}/sites").json()
    assert filled.get(f"{MODEL}/sites", params={"run_id": 2**31 - 1}).status_code == 404
    assert filled.get(f"{MODEL}/sites", params={"run_id": 2**63}).status_code == 422


def test_a_summary_has_one_row_per_site_with_comparable_edges(filled):
    rows = filled.get(f"{MODEL}/summaries", params={"statistic": "maximum", "kind": "mlp"}).json()
    assert [row["site"] for row in rows] == ["mlp.0", "mlp.1"]
    assert all(row["statistic"] == "maximum" and row["split"] == "fit" for row in rows)
    assert rows[0]["edges"] == rows[1]["edges"]
    assert len(rows[0]["counts"]) == len(rows[0]["edges"]) - 1


def test_an_unknown_statistic_is_refused_with_the_known_ones(filled):
    answer = filled.get(f"{MODEL}/summaries", params={"statistic": "beauty"})
    assert answer.status_code == 422
    assert "density" in answer.json()["errors"][0]["message"]


def test_random_units_follow_from_the_seed(filled):
    def draw(**query):
        return filled.get(f"{MODEL}/random-units", params=query).json()

    assert draw(n=5, seed=1) == draw(n=5, seed=1)
    assert draw(n=5, seed=1) != draw(n=5, seed=2)
    assert len(draw(n=5, seed=1)) == 5
    assert {row["site"][:4] for row in draw(n=6, kind="attn")} == {"attn"}


def test_nobody_can_draw_more_than_two_hundred_units(filled):
    assert filled.get(f"{MODEL}/random-units", params={"n": 201}).status_code == 422


def test_an_unchanged_answer_is_not_sent_twice(filled):
    first = filled.get(MODEL)
    again = filled.get(MODEL, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    other = filled.get(
        "/api/v1/models/synthetic-2", headers={"if-none-match": first.headers["etag"]}
    )
    assert other.status_code == 200


def test_large_answers_are_compressed_for_those_who_ask(filled):
    path = f"{MODEL}/sites/mlp.0/units?limit=24"
    packed = filled.get(path, headers={"accept-encoding": "gzip"})
    plain = filled.get(path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
