"""The one number of an output whose change is measured, and estimated by its gradient."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.clean import CleanRun
from analysis.models.subject import predicts_next
from analysis.models.tracing import EditableModel
from analysis.protocol.sweeps import Measured


@dataclass(frozen=True)
class Metric:
    """A function of the log-probabilities of a run at the places that it looks at: one position of
    the prompt, or all for the loss."""

    measured: Measured
    """With what stood for None."""
    clean: float
    """Of the unedited run."""
    clean_log_probs: Float[Tensor, "place vocab"]
    of_log_probs: Callable[[Float[Tensor, "row place vocab"]], Float[Tensor, " row"]]
    logits: Callable[[Tensor], Tensor]

    def log_probs(self, last: Float[Tensor, "row pos d_model"]) -> Float[Tensor, "row place vocab"]:
        """In float32, from the last hidden state; nothing is unembedded that is not looked at."""
        return self.logits(_looked_at(last, self.measured)).float().log_softmax(-1)

    def of_last(self, last: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, ""]:
        """Of the first row, from the last hidden state; can be differentiated."""
        return self.of_log_probs(self.log_probs(last))[0]


def metric_of(model: EditableModel, clean: CleanRun, measured: Measured) -> Metric:
    """EditError: a position or token that is not there."""
    n_vocab = len(model.output_texts())
    has_loss = predicts_next(model)
    chosen = _chosen(clean, measured, n_vocab, has_loss=has_loss)
    following = clean.trace.tokens[0, 1:]
    token, against = chosen.token, chosen.against

    def of_log_probs(log_probs: Float[Tensor, "row place vocab"]) -> Float[Tensor, " row"]:
        if chosen.metric == "loss":
            places = following[:, None].expand(len(log_probs), -1, 1)
            return -log_probs[:, :-1].gather(-1, places).mean((1, 2))
        found = log_probs[:, 0, token]
        return found if against is None else found - log_probs[:, 0, against]

    there = _looked_at(clean.log_probs[None], chosen)
    value = float(of_log_probs(there)[0])
    return Metric(chosen, value, there[0], of_log_probs, model.logits)


def _looked_at(values: Float[Tensor, "row pos n"], measured: Measured) -> Tensor:
    if measured.position is None:
        return values
    return values[:, measured.position : measured.position + 1]


def _chosen(clean: CleanRun, measured: Measured, n_vocab: int, *, has_loss: bool) -> Measured:
    if measured.metric == "loss":
        if not has_loss or clean.n_pos < 2:
            raise EditError(
                "there is no loss: the prompt has one token, or the model does not predict the "
                "next one",
                hint="Give a longer prompt, or measure a token's log-probability.",
            )
        return Measured(metric="loss")
    position = clean.n_pos - 1 if measured.position is None else measured.position
    if position >= clean.n_pos:
        raise EditError(
            f"there is no position {position}: the prompt has {clean.n_pos} tokens",
            hint=f"Positions run from 0 to {clean.n_pos - 1}.",
        )
    best, second = torch.topk(clean.log_probs[position], 2).indices.tolist()
    token = best if measured.token is None else measured.token
    against = None
    if measured.metric == "logit_difference":
        other = second if token == best else best
        against = other if measured.against is None else measured.against
    for one in (token, against or 0):
        if one >= n_vocab:
            raise EditError(
                f"there is no token {one}: ids run from 0 to {n_vocab - 1}",
                hint="Name tokens by the ids that the prompt's answer gives.",
            )
    return Measured(metric=measured.metric, position=position, token=token, against=against)
