"""What a planted model is asked, as any other model is: pairs of a task, with their metric."""

from analysis.circuits.planted.truth import Pair, Planted
from analysis.protocol.experiments import TokenText
from analysis.tasks.task import Metric, Side
from analysis.tasks.task import Pair as TaskPair

METRIC = Metric(kind="logit_difference")


def task_pairs(planted: Planted) -> list[TaskPair]:
    """Tokens are called by their ids."""
    return [_task_pair(pair) for pair in planted.pairs]


def _task_pair(pair: Pair) -> TaskPair:
    return TaskPair(
        clean=_side(pair.clean),
        counterfactual=_side(pair.counterfactual),
        right=(_named(pair.right),),
        wrong=(_named(pair.wrong),),
    )


def _side(tokens: tuple[int, ...]) -> Side:
    return Side(text=" ".join(map(str, tokens)), tokens=tokens)


def _named(token: int) -> TokenText:
    return TokenText(id=token, text=str(token))
