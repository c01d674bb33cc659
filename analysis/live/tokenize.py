"""How a model reads some prompts."""

from analysis.interventions.surroundings import Surroundings
from analysis.models.prompts import described, tokens_of
from analysis.models.subject import SubjectModel
from analysis.protocol.activations import TokenizeAnswer, TokenizeRequest


def tokenize(model: SubjectModel, request: TokenizeRequest, around: Surroundings) -> TokenizeAnswer:
    """The tokens of every prompt. ModelError: one of them cannot be read."""
    texts = model.token_texts()
    prompts = []
    for prompt in request.prompts:
        around.check()
        prompts.append(described(texts, tokens_of(model, prompt)))
    return TokenizeAnswer(
        prompts=tuple(prompts),
        has_chat_template=model.has_chat_template,
        n_ctx=model.facts.n_ctx,
    )
