"""What an edit changed, drawn: the numbers behind the marks."""

import re
from types import SimpleNamespace

from analysis.protocol.edits import Edit
from analysis.protocol.experiments import ExperimentRequest, LayerMovement, LensRow, TokenText
from analysis.protocol.prompts import Prompt
from analysis.protocol.sweeps import EditSweepAnswer, EditSweepRow, Measured
from app.rendering.control import movement, of_controls, spread, times_control
from app.rendering.environment import environment
from app.rendering.heat import heat, profile
from app.rendering.paired import by_change, paired
from app.rendering.sweep_scatter import sweep_scatter
from tests.inference.answers import RAN
from tests.pages.loaded import answer_of
from tests.store.experiments import SPEC


def answer(text: str = "a b c d", controls: int = 1):
    edit = Edit(site="mlp.0", index=3, operation="zero")
    prompt = Prompt(text=text)
    return answer_of(ExperimentRequest(model=SPEC, prompt=prompt, edits=(edit,), controls=controls))


def test_the_largest_kl_has_the_full_colour_and_none_has_none():
    drawn = heat(answer(), "slug", 3)
    classes = re.findall(r'<a class="tok ?([^"]*)"', drawn)
    assert classes[0].strip() == ""
    assert classes[-1].strip() == "t-p20"
    levels = [int(name.strip().removeprefix("t-p")) for name in classes[1:]]
    assert levels == sorted(levels)
    assert re.search(r'data-position="3"[^>]*aria-current="true"', drawn)


def test_tokens_of_a_prompt_are_text():
    drawn = heat(answer('<b> "x"'), '"><i>', None)
    assert "<b>" not in drawn
    assert "<i>" not in drawn


def test_a_bar_s_length_is_its_probability():
    at = answer().positions[0]
    assert [one.text for one in by_change(at.top)] == [" falls", " rises", " stays"]
    widths = [float(w) for w in re.findall(r'class="before" d="M0 5h([\d.]+)', paired(at))]
    assert widths[0] / widths[2] == 0.4 / 0.5
    assert 'class="falls"' in paired(at).split("</tr>")[0]
    assert 'class="rises"' in paired(at).split("</tr>")[1]


def test_the_edit_lies_right_of_its_control_where_it_does_more():
    drawn = spread(answer(controls=3))
    own = float(re.search(r'class="edited" d="M([\d.]+)', drawn)[1])
    others = [float(x) for x in re.findall(r'cx="([\d.]+)"', drawn)]
    assert len(others) == 3
    assert all(x < own for x in others)


def test_how_the_edit_compares_with_its_controls_is_said():
    assert times_control(answer()) == "2.0 times the control"
    assert "0 of them did as much or more" in times_control(answer(controls=4))
    assert times_control(answer(controls=0)) == ""


def test_of_several_controls_median_and_range_are_said_and_never_the_first_alone():
    assert of_controls([0.25]) == "0.250"
    assert of_controls([0.9, 0.1, 0.2]) == "median 0.200 of 3, 0.100 to 0.900"
    assert of_controls([2.5, 1.5], 2.0) == "median 0 of 2, −0.500 to +0.500"
    assert of_controls([]) == of_controls([None]) == ""


def test_the_profile_has_a_bar_for_each_position_that_changed():
    drawn = profile(answer())
    assert re.search(r'class="edited" d="([^"]*)"', drawn)[1].count("z") == 3
    assert "largest 0.300 nats at position 3" in drawn


def test_of_several_controls_the_profile_draws_the_median_and_a_line_at_the_largest():
    shown = answer(controls=3)
    spread_out = [
        one.model_copy(update={"kl_controls": (0.001, 0.01, 0.1)}) for one in shown.positions
    ]
    drawn = profile(shown.model_copy(update={"positions": tuple(spread_out)}))
    tops = [
        float(y) for y in re.findall(r"V([\d.]+)h", re.search(r'"control" d="(.*?)"', drawn)[1])
    ]
    lines = re.findall(r" ([\d.]+)h", re.search(r'class="most" d="(.*?)"', drawn)[1])
    assert len(tops) == len(lines) == len(shown.positions)
    assert all(float(line) < top for line, top in zip(lines, tops, strict=True))
    assert 'class="most" d=""' in profile(answer(controls=1))


def test_the_profile_of_a_short_prompt_is_wide_enough_to_be_read():
    assert float(re.search(r'class="axis" d="M0 \d+H([\d.]+)', profile(answer("a b")))[1]) >= 240
    long = profile(answer(" ".join("a" * 300)))
    assert float(re.search(r'class="axis" d="M0 \d+H([\d.]+)', long)[1]) <= 720


def test_a_small_effect_has_bars_and_an_axis_of_its_own_size():
    shown = answer()
    small = [one.model_copy(update={"kl": one.kl / 1e4}) for one in shown.positions]
    controls = [one.model_copy(update={"kl_controls": (2e-6,)}) for one in small]
    drawn = profile(shown.model_copy(update={"positions": tuple(controls)}))
    tops = [float(y) for y in re.findall(r"V([\d.]+)h", re.search(r'"edited" d="(.*?)"', drawn)[1])]
    assert len(tops) == 3
    assert min(tops) == 6
    assert max(tops) < 35
    assert "1e−6</text>" in drawn


def test_what_is_hardly_more_than_nothing_has_a_bar_to_be_seen():
    shown = answer()
    kls = (0.3, 2e-6, 1e-7, 0.0)
    changed = [
        one.model_copy(update={"kl": kl}) for one, kl in zip(shown.positions, kls, strict=True)
    ]
    drawn = profile(shown.model_copy(update={"positions": tuple(changed)}))
    tops = re.findall(r"V([\d.]+)h", re.search(r'"edited" d="(.*?)"', drawn)[1])
    assert tops == ["6.0", "54.5"]


def test_numbers_beside_the_drawings_are_not_cut():
    layers = [LayerMovement(site="mlp.1", moved=0.00041, control=None)]
    for drawn in (movement(layers, "mlp"), profile(answer())):
        for end, said in re.findall(r'<text class="label end" x="([\d.]+)"[^>]*>([^<]*)<', drawn):
            assert float(end) >= 6.03 * len(said)  # of a letter of 10 px


def test_layers_of_one_kind_are_drawn_in_order_on_one_scale():
    layers = [
        LayerMovement(site="mlp.1", moved=2.0, control=1.0),
        LayerMovement(site="attn.1", moved=9.0, control=None),
        LayerMovement(site="mlp.2", moved=1.0, control=None),
    ]
    drawn = movement(layers, "mlp")
    heights = [float(h) for h in re.findall(r'class="edited" d="M[\d.]+ 72v-([\d.]+)', drawn)]
    assert heights[0] == 2 * heights[1]
    assert drawn.count('class="control"') == 1
    assert movement(layers, "resid") == ""


def test_a_perfect_estimate_lies_on_the_diagonal():
    rows = tuple(
        EditSweepRow(site="mlp.0", index=i, estimate=e, effect=e, kl=None, drawn=False)
        for i, e in enumerate((0.5, -0.25, 0.01))
    )
    swept = EditSweepAnswer(
        tokens=(), measured=Measured(), clean=0.0, rows=rows, r=1.0, r_drawn=None, ran=RAN
    )
    drawn = sweep_scatter(swept)
    places = re.findall(r"M([\d.]+) ([\d.]+)h0", drawn)
    low, high = re.search(r'agree" d="M([\d.]+) ([\d.]+)L', drawn).groups()
    slopes = {round((float(high) - float(y)) / (float(x) - float(low)), 2) for x, y in places}
    assert max(slopes) - min(slopes) <= 0.02
    none_run = tuple(row.model_copy(update={"effect": None}) for row in rows)
    assert "No edit was run" in sweep_scatter(swept.model_copy(update={"rows": none_run}))


def lens_of(*rows: LensRow) -> str:
    shown = answer().model_copy(update={"lens": rows})
    template = environment.get_template("experiment/lens.html")
    return template.render(
        effect=SimpleNamespace(answer=shown), experiment=SimpleNamespace(request={})
    )


def test_the_logit_lens_has_a_legend_and_marks_what_took_another_s_place():
    cat, dog, end = (TokenText(id=i, text=text) for i, text in enumerate(("cat", "dog", ".")))
    moved = LensRow(
        layer=3, kl=0.5, before=((cat, 0.75), (end, 0.25)), after=((dog, 0.75), (end, 0.125))
    )
    same = LensRow(layer=2, kl=0.25, before=((cat, 0.75),), after=((cat, 0.5),))
    page = lens_of(same, moved)
    assert "full at 0.500 nats" in page
    table = page[page.index("<table") :]
    assert re.findall(r'other-token">([^<]*)<', table) == ["dog"]


def test_before_and_after_stand_under_each_other_in_the_logit_lens():
    one = TokenText(id=1, text="cat")
    page = lens_of(LensRow(layer=2, kl=0.25, before=((one, 0.75),), after=((one, 0.5),)))
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    lines = [re.sub(r"<[^>]+>", " ", line).split() for line in body.split("</tr>")[:2]]
    assert lines == [["2", "0.250", "before", "cat", "75.0", "%"], ["after", "cat", "50.0", "%"]]
