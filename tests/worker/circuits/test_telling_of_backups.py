"""What the warnings of a circuit say of its backups: how many of them were run, and confirmed."""

from analysis.circuits.backups import Backup
from analysis.circuits.finding import Found
from analysis.worker.circuits.telling import of_backups
from tests.analysis.circuits.told import units_of


def said(*backups: Backup) -> list[str]:
    """Of a search that found nothing else."""
    found = object.__new__(Found)
    object.__setattr__(found, "units", units_of(9))
    object.__setattr__(found, "backups", backups)
    return list(of_backups(found))


def test_confirmed_backups_are_named_with_how_many_were_run() -> None:
    (warning,) = said(Backup(0, 1, 2.0, 1.5, True), Backup(0, 2, 1.0, 0.0, False))
    assert warning == (
        "Single ablations hide backups: mlp.0/1 act only, or more, once others are ablated. "
        "Confirmed by ablating both at once: 1 of 2."
    )


def test_what_was_not_run_is_said_to_be_an_estimate() -> None:
    (warning,) = said(Backup(0, 1, 2.0, 1.5, True), Backup(0, 2, 1.0), Backup(3, 2, 0.5))
    assert "mlp.0/1, mlp.0/2 act only" in warning
    assert warning.endswith("at once: 1 of 1; 2 more are estimated alone.")


def test_where_none_is_confirmed_none_is_named() -> None:
    (warning,) = said(Backup(0, 1, 2.0, 0.0, False))
    assert warning == (
        "No backup is confirmed: ablating both at once confirms 0 of 1 that were estimated."
    )


def test_without_backups_nothing_is_said() -> None:
    assert said() == []
