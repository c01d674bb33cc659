"""Which colour says how much: the classes of token strips and of the map.

An activation's class is its opacity 0.05 + 0.95·log10(1 + 9·|v|/max) in twentieths: `t-p1` to
`t-p20` for positive values, `t-n1` to `t-n20` for negative ones, nothing for zero. The colours are
mixed here into opaque ones, so that the contrast of each with its text is known (at least 4.5:1).

`python -m app.rendering.colours > static/css/activation.css` makes the style sheet.
"""

import math
import sys
from collections.abc import Callable
from typing import Final

Colour = tuple[int, int, int]

LEVELS: Final = 20
STEPS: Final = 12
THEMES: Final = ("light", "dark")
PAPER: Final[dict[str, Colour]] = {"light": (252, 252, 250), "dark": (17, 20, 24)}
INK: Final[dict[str, Colour]] = {"light": (23, 26, 31), "dark": (232, 233, 230)}
POSITIVE: Final[dict[str, Colour]] = {"light": (230, 97, 0), "dark": (240, 116, 20)}
NEGATIVE: Final[dict[str, Colour]] = {"light": (93, 58, 155), "dark": (158, 128, 230)}
RAMP: Final[dict[str, tuple[Colour, Colour, Colour]]] = {
    "light": ((226, 236, 242), (86, 152, 187), (8, 48, 92)),
    "dark": ((27, 42, 54), (46, 122, 160), (190, 232, 250)),
}


def opacity(value: float, maximum: float) -> float:
    """Between 0.05 and 1 for any finite value; values beyond the maximum count as the maximum."""
    share = min(abs(value) / maximum, 1.0) if maximum > 0 else 0.0
    return 0.05 + 0.95 * math.log10(1 + 9 * share)


def level(value: float, maximum: float) -> int:
    """−20 to 20; 0 only for 0 itself."""
    if value == 0:
        return 0
    steps = max(1, min(LEVELS, round(opacity(value, maximum) * LEVELS)))
    return steps if value > 0 else -steps


def share_step(share: float, smallest: float = 0.0005) -> int:
    """The step of the map's ramp, 1 to 12, on a log scale from `smallest` to 1."""
    depth = math.log(max(share, smallest) / smallest) / math.log(1 / smallest)
    return 1 + min(STEPS - 1, int(depth * STEPS))


def mix(over: Colour, under: Colour, alpha: float) -> Colour:
    red, green, blue = (
        round(a * alpha + b * (1 - alpha)) for a, b in zip(over, under, strict=True)
    )
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def background(theme: str, signed_level: int) -> Colour:
    full = POSITIVE if signed_level > 0 else NEGATIVE
    return mix(full[theme], PAPER[theme], abs(signed_level) / LEVELS)


def foreground(theme: str, signed_level: int) -> Colour:
    """The theme's ink while it reads well, else black or white, whichever reads better."""
    under = background(theme, signed_level)
    if contrast(INK[theme], under) >= 7:
        return INK[theme]
    return max(((0, 0, 0), (255, 255, 255)), key=lambda colour: contrast(colour, under))


def ramp(theme: str, step: int) -> Colour:
    low, middle, high = RAMP[theme]
    place = (step - 1) / (STEPS - 1)
    if place <= 0.5:
        return mix(middle, low, place * 2)
    return mix(high, middle, place * 2 - 1)


def style_sheet() -> str:
    lines = [
        "/* Made by `python -m app.rendering.colours`: do not edit. */",
        "@layer components {",
    ]
    for sign, letter in ((1, "p"), (-1, "n")):
        for step in range(1, LEVELS + 1):
            back, text = _both(background, sign * step), _both(foreground, sign * step)
            lines.append(f".t-{letter}{step}{{background-color:{back};color:{text}}}")
    lines += [f".q-{step}{{fill:{_both(ramp, step)}}}" for step in range(1, STEPS + 1)]
    return "\n".join([*lines, "}", ""])


def _both(colour_of: Callable[[str, int], Colour], step: int) -> str:
    light, dark = ("#{:02x}{:02x}{:02x}".format(*colour_of(theme, step)) for theme in THEMES)
    return light if light == dark else f"light-dark({light},{dark})"


if __name__ == "__main__":
    sys.stdout.write(style_sheet())
