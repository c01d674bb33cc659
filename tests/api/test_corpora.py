CORPORA = "/api/v1/corpora"


def test_corpora_are_listed_with_their_splits(filled):
    (corpus,) = filled.get(CORPORA).json()
    assert {"fit", "test"} <= corpus["splits"].keys()
    assert filled.get(f"{CORPORA}/{corpus['name']}").json() == corpus


def test_a_document_says_where_it_is_from(filled):
    (corpus,) = filled.get(CORPORA).json()
    document = filled.get(f"{CORPORA}/{corpus['name']}/documents/0").json()
    assert document["number"] == 0
    assert document["origin"]


def test_missing_corpora_and_documents_are_404(filled):
    (corpus,) = filled.get(CORPORA).json()
    assert filled.get(f"{CORPORA}/nothing").status_code == 404
    assert filled.get(f"{CORPORA}/nothing/documents/0").status_code == 404
    assert filled.get(f"{CORPORA}/{corpus['name']}/documents/{2**31 - 1}").status_code == 404
    assert filled.get(f"{CORPORA}/{corpus['name']}/documents/{2**64}").status_code == 422


def test_documents_are_paged_without_loss(filled):
    (corpus,) = filled.get(CORPORA).json()
    query, numbers = {"limit": 3}, []
    while True:
        page = filled.get(f"{CORPORA}/{corpus['name']}/documents", params=query).json()
        numbers += [document["number"] for document in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert numbers == list(range(corpus["n_documents"]))
