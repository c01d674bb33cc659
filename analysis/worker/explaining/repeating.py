"""What an explain run was asked for, as its row has it and as the command that runs it again."""

from typing import Any

from analysis.worker.provenance import command
from app.store.requests import AssistantOptions, ExplainRequest


def command_of(request: ExplainRequest) -> str:
    """The command that runs it again."""
    options: dict[str, object] = {"model": request.model, "run-id": request.run_id}
    if request.site is not None:
        options["site"] = request.site
    if request.units is not None:
        options["unit"] = request.units
    if request.sample is not None:
        options["sample"] = request.sample
    options["method"] = list(request.methods)
    options |= {
        "most-rules": request.most_rules,
        "most-listed": request.most_listed,
        "seed": request.seed,
    }
    if request.evidence:
        options["evidence"] = request.evidence
    if request.assistant is not None:
        options |= _assistant_options(request.assistant)
    return command("explain", options)


def _assistant_options(assistant: AssistantOptions) -> dict[str, object]:
    """As the command line calls them."""
    options = {
        "assistant": assistant.model,
        "candidates": assistant.candidates,
        "judge": list(assistant.judges),
        "judge-model": assistant.judge_model,
        "windows": assistant.windows,
        "shuffled": None if assistant.shuffled else "false",
        "budget": assistant.budget,
        "token-budget": assistant.token_budget,
        "dollars-in": assistant.dollars_per_million_in or None,
        "dollars-out": assistant.dollars_per_million_out or None,
        "concurrency": assistant.concurrency,
    }
    return {name: value for name, value in options.items() if value is not None}


def parameters_of(request: ExplainRequest) -> dict[str, Any]:
    return request.model_dump(
        include={
            "site", "units", "sample", "methods", "most_rules", "most_listed", "assistant", "seed",
        },
        exclude_none=True,
    )  # fmt: skip
