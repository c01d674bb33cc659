"""What a language model said of a unit, as rows of the store, with what it was asked and cost."""

from collections.abc import Iterable
from typing import Any

from analysis.assistants.asked import Asked
from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.prompts import VERSION
from analysis.explain.language_model.shuffling import NO_OTHER, NOT_WANTED
from analysis.explain.language_model.units import AssistedUnit
from analysis.programs.length import bits_of_text
from app.store.scored import scored_row
from app.store.writing_explanations import ExplanationRow, storable

NEGATIVE = "Negative: {}"
"""How an explanation of what makes a unit low begins."""


def assisted_row(
    unit: int, found: AssistedUnit, choices: AssistantChoices, *, free: bool = True
) -> ExplanationRow:
    """The sentence with all its scores; or failed, with the reason. `free`: answers from the cache
    cost this job nothing."""
    explanation = found.explanation
    reason = None if explanation.text is not None else explanation.failure or "there is no text"
    text = explanation.text if explanation.text is not None else reason
    if explanation.text is not None and explanation.negated:
        text = NEGATIVE.format(text)
    return ExplanationRow(
        unit_index=unit,
        author=choices.model,
        status="current" if reason is None else "failed",
        text=str(text),
        program=None,
        bits=None if explanation.text is None else bits_of_text(explanation.text),
        n_rules=None,
        n_listed=None,
        details=_storable(
            {**_details(found, choices, reason), "spent": _spent(found.asked, choices, free=free)}
        ),
        scores=[
            scored_row(
                split,
                choices.judge_model,
                one.scores,
                n_failed=one.n_failed,
                values=one.values,
                metrics=one.metrics,
            )
            for split, one in found.splits.items()
        ],
    )


def _details(found: AssistedUnit, choices: AssistantChoices, reason: str | None) -> dict[str, Any]:
    explanation = found.explanation
    details: dict[str, Any] = {
        "model": choices.model,
        "judge_model": choices.judge_model,
        "prompts": VERSION,
        "tail": "lower" if explanation.negated else "upper",
        "prompt": explanation.asked[0].prompt if explanation.asked else None,
        "asked": [_asked(one) for one in explanation.asked],
        "candidates": [
            {"text": one.text, "merit": one.merit, "judge": one.judged and one.judged.judge}
            for one in explanation.candidates
        ],
        "chosen": explanation.chosen,
        "n_failed": explanation.n_failed,
        "judged": {
            split: {
                "n_expected": one.n_expected,
                **{judge: [_asked(asked) for asked in given] for judge, given in one.asked.items()},
            }
            for split, one in found.splits.items()
        },
        "line": None if found.line is None else [found.line.scale, found.line.offset],
        "shuffled": _shuffled(found, choices),
    }
    return details if reason is None else {**details, "failed_because": reason}


def _shuffled(found: AssistedUnit, choices: AssistantChoices) -> dict[str, Any]:
    """Whose sentence was judged beside it, without what stands with that one; or why none was."""
    if found.shuffled is None:
        return {"none_because": NO_OTHER if choices.shuffled else NOT_WANTED}
    return {
        "unit": found.shuffled.other.unit,
        "text": found.shuffled.other.text,
        "judged": {
            split: {
                "n_failed": one.n_failed,
                **{
                    judge: [_asked(asked) for asked in given]
                    for judge, given in one.asked_anew.items()
                },
            }
            for split, one in found.shuffled.answers.splits.items()
        },
    }


def _asked(one: Asked) -> dict[str, Any]:
    """Without the prompt: that of the explainer stands beside, those of judges follow from the
    explanation and the windows."""
    return {
        "parameters": one.parameters,
        "prompt_hash": one.prompt_hash,
        "raw": one.raw,
        "tokens_in": one.tokens_in,
        "tokens_out": one.tokens_out,
        "counted": one.counted,
        "dollars": one.dollars,
        "seconds": round(one.seconds, 3),
        "cached": one.cached,
        "tries": one.tries,
        "failure": None if one.failure is None else [one.failure.kind, one.failure.detail],
    }


def _spent(asked: Iterable[Asked], choices: AssistantChoices, *, free: bool) -> dict[str, Any]:
    paid = [one for one in asked if not (free and one.cached)]
    tokens_in, tokens_out = (
        sum(getattr(one, name) for one in paid) for name in ("tokens_in", "tokens_out")
    )
    return {
        "calls": sum(one.tries for one in paid),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "dollars": choices.prices.of(tokens_in, tokens_out),
    }


def _storable(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without characters that no database holds, wherever they stand."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {key: _storable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return value
