"""What of the interface an endpoint has, found out by asking: few have all of it."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from analysis.assistants.question import Question

LimitName = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True)
class Dialect:
    """We begin by hoping for everything; what an endpoint complains about is left out from then
    on."""

    schema: bool = True
    """It holds answers to a JSON schema."""
    logprobs: bool = True
    temperature: bool = True
    seed: bool = True
    limit: LimitName = "max_tokens"

    def options(self, question: Question[Any]) -> dict[str, Any]:
        """What goes out beside the messages."""
        asked = question.parameters
        options: dict[str, Any] = {"model": asked.model, self.limit: asked.max_tokens}
        if self.temperature:
            options["temperature"] = asked.temperature
        if self.seed and asked.seed is not None:
            options["seed"] = asked.seed
        if self.logprobs and asked.alternatives:
            options |= {"logprobs": True, "top_logprobs": asked.alternatives}
        if self.schema:
            form = {"name": question.form.name, "strict": True, "schema": question.form.schema}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        return options

    def both(self, other: "Dialect") -> "Dialect":
        """What neither of the two has left out."""
        return Dialect(
            schema=self.schema and other.schema,
            logprobs=self.logprobs and other.logprobs,
            temperature=self.temperature and other.temperature,
            seed=self.seed and other.seed,
            limit=self.limit if self.limit != "max_tokens" else other.limit,
        )

    def without(self, complaint: str, sent: dict[str, Any]) -> "Dialect | None":
        """What to try after a complaint about `sent`; None: it is not about any of these.

        Endpoints name the parameter that they do not have, but some only in general terms: then all
        that is not essential is left out at once.
        """
        said = complaint.lower()
        if "max_completion_tokens" in said and "max_tokens" in sent:
            return replace(self, limit="max_completion_tokens")
        if "logprobs" in sent and "logprob" in said:
            return replace(self, logprobs=False)
        if "response_format" in sent and any(
            word in said for word in ("response_format", "json_schema", "schema", "grammar")
        ):
            return replace(self, schema=False)
        if "temperature" in sent and "temperature" in said:
            return replace(self, temperature=False)
        if "seed" in sent and "seed" in said:
            return replace(self, seed=False)
        general = any(
            word in said for word in ("unsupported", "not supported", "unknown", "unrecognized",
                                      "extra inputs", "not permitted", "unexpected")
        )  # fmt: skip
        optional = sent.keys() & {"logprobs", "response_format", "seed"}
        if general and optional:
            return replace(self, schema=False, logprobs=False, seed=False)
        return None
