import pytest

from app.store.paging import write_cursor

UNITS = "/api/v1/models/synthetic/sites/mlp.0/units"


def list_all(client, **query):
    items = []
    while True:
        page = client.get(UNITS, params=query).raise_for_status().json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


def test_the_table_is_paged_without_loss_or_repetition(filled):
    rows = list_all(filled, limit=7)
    assert [row["index"] for row in rows] == list(range(24))


@pytest.mark.parametrize("sort", ["density", "maximum", "kurtosis"])
def test_the_table_is_sorted_with_undefined_values_last(filled, sort):
    values = [row[sort] for row in list_all(filled, sort=sort, order="desc", limit=5)]
    defined = [value for value in values if value is not None]
    assert len(values) == 24
    assert defined == sorted(defined, reverse=True)
    assert values[len(defined) :] == [None] * (24 - len(defined))


def test_filters_keep_what_they_say(filled):
    rows = list_all(filled, maximum_min=0.5, density_max=0.9, limit=200)
    everything = list_all(filled, limit=200)
    assert rows == [
        row
        for row in everything
        if row["maximum"] is not None and row["maximum"] >= 0.5 and row["density"] <= 0.9
    ]


def test_dead_and_flagged_units_can_be_asked_for_or_left_out(filled):
    assert all(row["dead"] for row in list_all(filled, dead=True))
    assert not any(row["dead"] for row in list_all(filled, dead=False))
    assert [row["index"] for row in list_all(filled, flagged=True)] == [2, 3]


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "beauty"},
        {"order": "sideways"},
        {"limit": 0},
        {"limit": 201},
        {"limit": 10**30},
        {"cursor": "%00"},
        {"cursor": "bm90LW91cnM="},
        {"split": "secret"},
        {"density_min": "nan"},
        {"maximum_max": "inf"},
        {"run_id": 0},
        {"run_id": 2**63},
        {"dead": "perhaps"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(filled, query):
    answer = filled.get(UNITS, params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]


def test_a_cursor_of_another_question_is_refused(filled):
    cursor = filled.get(UNITS, params={"limit": 3, "sort": "density"}).json()["next_cursor"]
    answer = filled.get(UNITS, params={"limit": 3, "sort": "maximum", "cursor": cursor})
    assert answer.status_code == 422


def test_a_unit_has_statistics_per_split_output_side_and_relatives(filled):
    unit = filled.get(f"{UNITS}/5").json()
    assert unit["statistics"][0]["split"] == "fit"
    histogram = unit["statistics"][0]["histogram"]
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    assert len(unit["output"]["promoted"]) == len(unit["output"]["suppressed"]) == 10
    assert {related["method"] for related in unit["related"]} == {"output", "activity"}


def test_undefined_numbers_are_null_and_nothing_else(filled):
    without_finite = filled.get(f"{UNITS}/3").json()["statistics"][0]
    assert without_finite["flagged"] is True
    assert without_finite["mean"] is None
    assert without_finite["maximum"] is None


@pytest.mark.parametrize("index", [24, 2**31 - 1])
def test_a_unit_beyond_the_site_is_missing(filled, index):
    assert filled.get(f"{UNITS}/{index}").status_code == 404


@pytest.mark.parametrize("index", ["-1", "x", "1.5", str(2**63), "9" * 5000, "%00", "٣"])
def test_an_index_that_is_none_is_refused(filled, index):
    assert filled.get(f"{UNITS}/{index}").status_code in (404, 422)


def test_exemplars_of_each_kind_carry_a_value_per_token(filled):
    for kind in ("top", "bottom", "interval", "random"):
        view = filled.get(f"{UNITS}/5/exemplars", params={"kind": kind}).json()
        assert view["kind"] == kind
        assert view["items"]
        for item in view["items"]:
            assert len(item["tokens"]) <= len(item["activations"])
            assert set(item["activations"][len(item["tokens"]) :]) <= {None}
            assert (item["interval"] is not None) == (kind == "interval")


def test_top_exemplars_are_best_first_and_can_be_limited(filled):
    items = filled.get(f"{UNITS}/5/exemplars", params={"kind": "top", "limit": 2}).json()["items"]
    assert len(items) == 2
    assert items[0]["peak"] >= items[1]["peak"]


def test_exemplars_of_an_unknown_kind_are_refused(filled):
    assert filled.get(f"{UNITS}/5/exemplars", params={"kind": "best"}).status_code == 422


def test_a_head_says_which_tokens_it_reads(filled):
    path = "/api/v1/models/synthetic/sites/attn.0/units/1/exemplars"
    item = filled.get(path, params={"kind": "top"}).json()["items"][0]
    assert len(item["attention"]["sources"]) == len(item["tokens"])


def test_the_pool_holds_every_activation_of_its_windows(filled):
    pool = filled.get(f"{UNITS}/5/pool", params={"split": "test"}).json()
    assert pool["split"] == "test"
    assert len(pool["windows"]) == len(pool["tokens"]) == len(pool["activations"])
    assert pool["counted_from"] == 1


def test_a_pool_is_paged_without_loss_or_repetition(filled):
    path = f"{UNITS}/5/pool"
    whole = filled.get(path, params={"split": "fit"}).json()
    assert whole["next_cursor"] is None
    assert whole["n_windows"] == len(whole["windows"]) > 3
    pages = [filled.get(path, params={"split": "fit", "limit": 3}).json()]
    while pages[-1]["next_cursor"]:
        query = {"split": "fit", "limit": 3, "cursor": pages[-1]["next_cursor"]}
        pages.append(filled.get(path, params=query).json())
    assert len(pages) == -(-whole["n_windows"] // 3)
    for field in ("windows", "documents", "tokens", "token_ids", "activations"):
        assert [item for page in pages for item in page[field]] == whole[field]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1025}, {"cursor": "x"}])
def test_a_page_of_a_pool_that_cannot_be_is_refused(filled, query):
    assert filled.get(f"{UNITS}/5/pool", params=query).status_code == 422


def test_a_cursor_behind_the_end_of_a_pool_gives_an_empty_page(filled):
    cursor = write_cursor("pool", None, 2**31 - 1)
    page = filled.get(f"{UNITS}/5/pool", params={"cursor": cursor}).json()
    assert (page["windows"], page["next_cursor"]) == ([], None)


def test_a_pool_of_a_split_that_was_not_kept_is_missing(filled):
    answer = filled.get(f"{UNITS}/5/pool", params={"split": "ood:poetry"})
    assert answer.status_code == 404
