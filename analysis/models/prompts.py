"""From a prompt to token ids, as one model reads it."""

from analysis.errors import ModelError
from analysis.models.subject import SubjectModel
from analysis.protocol.experiments import TokenText
from analysis.protocol.prompts import Prompt


def tokens_of(model: SubjectModel, prompt: Prompt) -> list[int]:
    """Token ids that the model can run over: at least one, at most its context.

    Text begins as the model's tokeniser begins a text, unless `bos` is false; token ids are taken
    as they are; turns go through the chat template, up to where the model's answer begins.
    Raises ModelError, with a hint, for everything that can be wrong with it.
    """
    if prompt.tokens is not None:
        tokens = _checked_ids(model, prompt.tokens)
    elif prompt.turns is not None:
        tokens = _turns(model, prompt)
    else:
        tokens = _text(model, prompt.text or "", bos=prompt.bos)
    if not tokens:
        raise ModelError(
            "the prompt has no tokens: its text is empty for this model",
            hint="Give at least one word that the model's tokeniser knows.",
        )
    if len(tokens) > model.facts.n_ctx:
        raise ModelError(
            f"the prompt has {len(tokens):,} tokens; the model's context is {model.facts.n_ctx:,}",
            hint=f"Shorten it to at most {model.facts.n_ctx:,} tokens.",
        )
    return tokens


def described(texts: list[str], tokens: list[int]) -> tuple[TokenText, ...]:
    """Ids with their texts; `texts` are the model's `token_texts()`."""
    return tuple(TokenText(id=token, text=texts[token]) for token in tokens)


def _text(model: SubjectModel, text: str, *, bos: bool) -> list[int]:
    begins = model.facts.bos_token_id
    words = model.encode(text)
    return [begins, *words] if bos and begins is not None else words


def _checked_ids(model: SubjectModel, tokens: tuple[int, ...]) -> list[int]:
    n_vocab = model.facts.n_vocab
    for position, token in enumerate(tokens):
        if not 0 <= token < n_vocab:
            raise ModelError(
                f"token {position} has the id {token}; the model's ids run from 0 to {n_vocab - 1}",
                hint="Give ids of this model's own vocabulary.",
            )
    return list(tokens)


def _turns(model: SubjectModel, prompt: Prompt) -> list[int]:
    if not model.has_chat_template:
        raise ModelError(
            "this model has no chat template: it does not know how a conversation is written",
            hint="Give the prompt as text.",
        )
    return model.encode_turns([(turn.role, turn.content) for turn in prompt.turns or ()])
