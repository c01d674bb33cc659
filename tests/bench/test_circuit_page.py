import pytest

from app.bench import circuit_page
from app.bench.made_circuits import make_circuit
from app.errors import UnavailableError


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit_page, "SIZES", {"300": (30, 200), "2000": (60, 300)})
    monkeypatch.setattr(circuit_page, "STEPS", 6)


@pytest.mark.usefixtures("small")
def test_the_longest_frame_of_each_movement_and_the_time_to_open_are_measured() -> None:
    found = {one.name: one for one in circuit_page.measure(quick=True)}
    moved = [
        f"circuit_page.{name}.{which}_frame_ms"
        for name in ("hovering", "panning", "units", "links")
        for which in ("longest", "worst", "median")
    ]
    opened = [
        f"circuit_page.open_s.{size}{more}" for size in ("300", "2000") for more in ("", ".longest")
    ]
    assert set(found) == {*moved, *opened}
    assert all(one.value > 0 for one in found.values())


@pytest.mark.usefixtures("small")
def test_the_movements_move_what_they_are_named_after() -> None:
    with circuit_page.served() as address, circuit_page.chromium() as browser:
        page, _ = circuit_page.open_drawn(browser, f"{address}/300{circuit_page.EVERY_LINK}")
        said = page.locator("[data-shown]")
        readout = page.locator("[data-readout-line]")
        assert "200 of 200 links" in said.inner_text()
        before = readout.inner_text()
        circuit_page.MOVES["hovering over nodes"](page)
        assert readout.inner_text() != before
        circuit_page.MOVES["panning"](page)
        moved = page.locator("[data-marks]").get_attribute("transform")
        assert moved != "translate(0.0 0.0)"
        page.locator("[data-keep]").evaluate("range => { range.value = 3 }")
        circuit_page.MOVES["units kept, by its slider"](page)
        assert page.locator("[data-keep-number]").input_value() == "30"


def test_without_a_browser_to_drive_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(circuit_page, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match="Playwright") as refused:
        next(circuit_page.measure(quick=True))
    assert refused.value.hint is not None
    assert "patchclamp[test]" in refused.value.hint


def test_a_made_up_circuit_has_the_size_that_was_asked_for_and_is_the_same_again() -> None:
    circuit = make_circuit(nodes=300, links=3_000)
    assert len({node.unit for node in circuit.graph.nodes if node.unit}) == 300
    assert len(circuit.graph.links) == 3_000
    layers = {node.id: node.layer for node in circuit.graph.nodes}
    assert all(layers[link.source] < layers[link.target] for link in circuit.graph.links)
    assert make_circuit(nodes=300, links=3_000) == circuit
