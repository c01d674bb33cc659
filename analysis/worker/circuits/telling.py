"""What did not come out as one would wish, in words, for whoever looks at the circuit."""

from collections.abc import Iterator
from typing import Final

from analysis.circuits.finding import Found
from analysis.protocol.proofs import FAITHFUL
from analysis.score.bootstrap import FEWEST_DOCUMENTS
from analysis.solving.competence import Competence
from analysis.tasks.prompting import Prompted

RANDOM: Final = 0.1
NAMED: Final = 5


def warnings_of(found: Found, pairs: Prompted, competence: Competence) -> Iterator[str]:
    if competence.verdict == "no answers":
        yield competence.reason
    elif competence.verdict == "cannot do":
        yield f"The model cannot do this task: {competence.reason}"
    elif competence.one_answer_does:
        yield competence.reason
    if not pairs.held_out:
        yield f"No prompts are held out: {pairs.why}. It is proved on what it was found on."
    elif len(pairs.held_out) < FEWEST_DOCUMENTS:
        n = len(pairs.held_out)
        counted = "1 prompt is" if n == 1 else f"{n} prompts are"
        yield f"Only {counted} held out: too few for intervals."
    yield from _of_proof(found)
    yield from of_backups(found)


def _of_proof(found: Found) -> Iterator[str]:
    proof = found.proofs[0]
    where = "held-out prompts" if proof.prompts == "held_out" else "the prompts it was found on"
    if proof.faithfulness.value < FAITHFUL:
        yield (
            f"On {where} the circuit alone reaches {proof.faithfulness.value:.2f} of what the "
            f"model does; {FAITHFUL} would be called faithful."
        )
    if proof.faithfulness.value > 2 - FAITHFUL:
        yield (
            f"On {where} the circuit alone does {proof.faithfulness.value:.2f} of what the model "
            "does: what works against it was left out."
        )
    if proof.random.value > RANDOM:
        yield (
            f"As many random units reach {proof.random.value:.2f}: the task needs few particular "
            "ones, or ablation changes little."
        )
    if proof.completeness.value > 1 - FAITHFUL:
        yield (
            f"Without the circuit the model still reaches {proof.completeness.value:.2f}: others "
            "can do what it does."
        )


def of_backups(found: Found) -> Iterator[str]:
    n, n_run = len(found.backups), sum(each.exact is not None for each in found.backups)
    n_confirmed = sum(each.confirmed is True for each in found.backups)
    standing = sorted({each.backup for each in found.backups if each.stands})
    if standing:
        refs = [found.units.ref(number) for number in standing]
        named = ", ".join(f"{ref.site}/{ref.index}" for ref in refs[:NAMED])
        more = f" and {len(refs) - NAMED} more" if len(refs) > NAMED else ""
        alone = f"; {n - n_run} more are estimated alone" if n > n_run else ""
        yield (
            f"Single ablations hide backups: {named}{more} act only, or more, once others are "
            f"ablated. Confirmed by ablating both at once: {n_confirmed} of {n_run}{alone}."
        )
    elif n_run:
        yield (
            f"No backup is confirmed: ablating both at once confirms 0 of {n_run} that were "
            "estimated."
        )
