"""Which pictures there are: of which page, who looks at it, how wide, light or dark.

A path may name what `stage.Stage` knows: the model, a unit, an explanation, what people made.
"""

from dataclasses import dataclass
from typing import Final, Literal

from tests.screenshots.cast import Person


@dataclass(frozen=True)
class Picture:
    name: str
    path: str
    who: Person
    height: int = 900
    width: int = 1440
    scheme: Literal["light", "dark"] = "light"
    at: str = ""
    """The element that is scrolled to the top of the picture."""
    within: str = ""
    """The element that is all of the picture."""
    keys: str = ""
    """What is typed before it is taken, one key after the other."""
    until: str = ""
    """The element that has to be there before it is taken."""


PICTURES: Final = (
    Picture("model", "/m/{model}", "grace", height=960),
    Picture("neuron", "{unit}", "barbara", height=1000),
    Picture("explanation", "{explanation}", "barbara", height=1100),
    Picture("playground", "{experiment}", "grace", height=1000, scheme="dark"),
    Picture("circuit", "{circuit}", "ada", height=1000, until="[data-circuit][data-ready]"),
    Picture("search", "/search?q={word}&model={model}", "grace", height=760),
    Picture("judging", "{explanation}", "alan", within="#judgement", height=1000),
    Picture("campaign", "{campaign}", "ada", height=800),
    Picture("queue", "{campaign}/judge", "grace", height=1100, keys="2"),
    Picture("queue-narrow", "{campaign}/judge", "grace", height=1000, width=390, scheme="dark"),
    Picture("agreement", "{campaign}/agreement", "ada", height=1200),
    Picture("disagreement", "{disagreement}", "ada", height=1000),
    Picture("comments", "{unit}", "barbara", within="#discussion-unit", height=1000),
    Picture("people", "/m/{model}/people", "ada", height=620),
)
