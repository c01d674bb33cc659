"""What people of the cast do before the pictures are taken, all of it over the REST interface.

They judge by the r that explanations have on test, each with luck of their own that a hash of name
and explanation decides: so they agree often and not always, and the same in every run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import httpx

from tests.screenshots.cast import Person

CHOSEN: Final = (("mlp.19", 843), ("mlp.22", 738))
"""Neurons of the demo that are shown, the first that is explained; else the best explained one."""
PROMPT: Final = "She ran like the wind, and the dog was bigger than"
GUIDELINES: Final = """Look at the **random** windows before the top ones.

- *accept*: you could tell where it fires from these words alone
- *edit*: part of it is right
- *unsure* is an answer; a guess is none
"""
N_ITEMS: Final = 14
SEED: Final = 35
"""By which items of all levels are drawn from a demo whose sweep has just ended."""
UNFINISHED: Final = 5
"""Items that the annotator who is looked over the shoulder of has not judged yet."""


@dataclass(frozen=True)
class Stage:
    """What the paths of pictures name."""

    model: str
    unit: str
    explanation: str
    experiment: str
    circuit: str
    campaign: str
    disagreement: str
    word: str

    def path(self, template: str) -> str:
        return template.format(**vars(self))


def set_up(api: Mapping[Person, httpx.Client], model: str) -> Stage:
    ada = api["ada"]
    one = _explained(ada, model)
    site, index, number = one["site"], one["index"], one["id"]
    unit = f"/m/{model}/{site}/{index}"
    _talk(api, model, site, index, number)
    return Stage(
        model=model,
        unit=unit,
        explanation=f"{unit}/explanations/{number}",
        experiment=f"/experiments/{_experiment(ada, model, site, index)}",
        circuit=f"/m/{model}/circuits/{_circuit(ada, model)}",
        campaign=(campaign := f"/m/{model}/campaigns/{_campaign(api, model, number)}"),
        disagreement=_disagreement(ada, model, campaign),
        word="months",
    )


def _explained(ada: httpx.Client, model: str) -> dict[str, Any]:
    """An explanation by rules of the unit that is shown."""
    for site, index in CHOSEN:
        found = _explanations(ada, model, site, index)
        if found:
            return found[0]
    for site in ("mlp.0", "mlp.1"):
        units = _get(ada, f"/models/{model}/sites/{site}/units", sort="r", order="desc")["items"]
        for unit in units:
            found = _explanations(ada, model, site, unit["index"])
            if found:
                return found[0]
    raise SystemExit(f"No neuron of {model} is explained yet: let the demo run for some minutes.")


def _explanations(ada: httpx.Client, model: str, site: str, index: int) -> list[dict[str, Any]]:
    path = f"/models/{model}/sites/{site}/units/{index}/explanations"
    found: list[dict[str, Any]] = _get(ada, path, method="rules", status="current")["items"]
    return found


def _experiment(ada: httpx.Client, model: str, site: str, index: int) -> str:
    edit = {"site": site, "index": index, "operation": "zero"}
    body = {"prompt": {"text": PROMPT}, "edits": [edit], "controls": 8, "name": "Without comparing"}
    return str(_send(ada, "POST", f"/models/{model}/experiments", body)["slug"])


def _circuit(ada: httpx.Client, model: str) -> str:
    found = _get(ada, f"/models/{model}/circuits")["items"]
    return str(found[0]["slug"]) if found else ""


def _talk(
    api: Mapping[Person, httpx.Client], model: str, site: str, index: int, number: int
) -> None:
    """Comments on the unit, and votes on its explanation."""
    path = f"/models/{model}/sites/{site}/units/{index}/comments"
    said = (
        ("grace", "It compares: “like”, “than”, “bigger”. @barbara, do you see it in code too?", 0),
        ("barbara", "Hardly. On code it is silent but for comments; see the ood:code tab.", 1),
        ("alan", "Its negative side looks like another thing altogether. A second meaning?", 0),
    )
    first = None
    for who, text, is_reply in said:
        body = {"text": text, **({"parent_id": first} if is_reply else {})}
        made = _send(api[who], "POST", path, body)
        first = first or made["id"]
    for who, value in (("grace", 1), ("barbara", 1), ("alan", -1)):
        _send(api[who], "PUT", f"/explanations/{number}/vote", {"value": value})


def _campaign(api: Mapping[Person, httpx.Client], model: str, gold: int) -> str:
    """The slug of one that two have finished and one has not; `gold` is one of its items."""
    made = _send(
        api["ada"],
        "POST",
        f"/models/{model}/campaigns",
        {
            "title": "Do rules say what neurons do?",
            "slug": "first-look",
            "choice": {"n": N_ITEMS, "seed": SEED, "methods": ["rules"]},
            "gold": [{"explanation_id": gold, "verdict": "accept"}],
            "n_per_item": 3,
            "guidelines": GUIDELINES,
        },
    )
    slug = str(made["slug"])
    plan: Sequence[tuple[Person, int]] = (
        ("barbara", made["n_items"]),
        ("alan", made["n_items"]),
        ("grace", made["n_items"] - UNFINISHED),
    )
    for who, n in plan:
        _judge(api, who, f"/models/{model}/campaigns/{slug}", n)
    return slug


def _judge(api: Mapping[Person, httpx.Client], who: Person, path: str, n: int) -> None:
    for _ in range(n):
        item = _send(api[who], "POST", f"{path}/next", None)["assignment"]
        known = _of_unit(api["ada"], item)
        said = _opinion(who, item, known)
        _send(api[who], "POST", f"{path}/assignments/{item['id']}/submit", said)


def _of_unit(ada: httpx.Client, item: Mapping[str, Any]) -> float:
    """r on test of what is judged."""
    found = _explanations(ada, item["model"], item["site"], item["index"])
    (one,) = [line for line in found if line["text"] == item["text"]][:1]
    return float(next(h["r"] or 0 for h in one["headlines"] if h["split"] == "test"))


def _opinion(who: Person, item: Mapping[str, Any], r: float) -> dict[str, Any]:
    digest = sha256(f"{who}:{item['site']}/{item['index']}".encode()).digest()
    luck, other, seconds = (byte / 255 for byte in digest[:3])
    felt = r + 0.3 * (luck - 0.5)
    verdict = "accept" if felt > 0.45 else "edit" if felt > 0.2 else "reject"
    if other > 0.93:
        verdict = "unsure"
    step = min(5, max(1, round(1 + 5 * felt)))
    return {
        "verdict": verdict,
        "specificity": step,
        "sensitivity": min(5, max(1, step + round(2 * other - 1))),
        "several_meanings": luck > 0.8,
        "note": NOTES[digest[4] % len(NOTES)] if verdict in ("edit", "reject") else "",
        "seconds": round(12 + 50 * seconds, 1),
    }


NOTES: Final = (
    "The random windows do not bear it out.",
    "Right about the first words, not about the rest.",
    "",
    "It fires on punctuation too.",
)


def _disagreement(ada: httpx.Client, model: str, campaign: str) -> str:
    found = _get(ada, f"/models/{model}/disagreements", campaign=campaign.rpartition("/")[2])
    first = found["items"][0]["explanation_id"]
    return f"/m/{model}/disagreements/{first}?campaign={campaign.rpartition('/')[2]}"


def _get(client: httpx.Client, path: str, **query: object) -> Any:
    return _answer(client.get(path, params=query))


def _send(client: httpx.Client, method: str, path: str, body: object) -> Any:
    return _answer(client.request(method, path, json=body))


def _answer(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise SystemExit(f"{answer.request.method} {answer.request.url}: {answer.text}")
    return answer.json()
