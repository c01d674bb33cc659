"""Where explanations of the synthetic store stand, and what their pages say, row by row."""

import html
import re

from starlette.testclient import TestClient

UNIT = "/m/synthetic/mlp.1/7"
FAILED, CONSTANT, EDITED, WITHDRAWN, ASKED = (f"/m/synthetic/mlp.1/{n}" for n in (6, 1, 0, 4, 5))


def best(pages: TestClient, unit: str = UNIT) -> str:
    """The address of the explanation that the unit's page shows first."""
    found = re.search(r'<a href="([^"]*/explanations/\d+)">why\?', pages.get(unit).text)
    assert found is not None
    return found[1]


def of(pages: TestClient, unit: str, method: str) -> dict[str, object]:
    _, _, _, site, index = unit.split("/")
    path = f"/api/v1/models/synthetic/sites/{site}/units/{index}/explanations?method={method}"
    first: dict[str, object] = pages.get(path).json()["items"][0]
    return first


def table_of(page: str) -> dict[str, str]:
    """Rows of the first table of scores, by metric."""
    part = page[page.index('id="scores-title"') : page.index("</table>", page.index("data scores"))]
    rows = re.findall(r'<tr><th scope="row">(.*?)</tr>', part, re.DOTALL)
    return {words_of(row.split("</th>")[0]).split(" over ")[0].strip(): row for row in rows}


def words_of(row: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]*>", " ", row)))
