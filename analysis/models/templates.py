"""A conversation as text, written by the model's chat template, which may be anybody's.

The template runs in jinja's sandbox, which keeps from it everything but time: loops within loops,
or macros that call themselves twice, need never end. So each line that runs meanwhile looks at the
clock, through Python's trace of this thread. What is native (a power of large numbers) has no
lines: whoever computes for others must notice by itself that its thread is held.
"""

import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

from jinja2 import TemplateError

from analysis.errors import ModelError

Turns = Sequence[tuple[str, str]]
"""Role and content of the messages of a conversation, in order."""

SECONDS: Final = 5.0
"""Of this thread's processor time; templates take milliseconds."""
MOST_CHARACTERS: Final = 4_000_000
"""Beyond any context; the tokenizer would take long over more."""
INSTEAD: Final = "Give the prompt as text; the template came with the model's files."

_FAULTS: Final = (
    TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip


class _Endless(BaseException):
    """Past what catches every Exception: tracing ends with the first that is raised."""


def writer_of(tokenizer: Any) -> Callable[[Turns], str]:  # noqa: ANN401 - of transformers
    """Puts a conversation into text, up to where the model's answer begins. ModelError: the
    template refuses it, does not end, or writes too much."""

    def write(turns: Turns) -> str:
        messages = [{"role": role, "content": content} for role, content in turns]
        try:
            written = _in_time(
                lambda: str(
                    tokenizer.apply_chat_template(
                        messages, tokenize=False, add_generation_prompt=True
                    )
                )
            )
        except _FAULTS as error:
            raise ModelError(
                f"the model's chat template refuses this conversation: {error}",
                hint="Most templates want turns of user and assistant in alternation, beginning "
                "with user; some know no system message.",
            ) from error
        if len(written) > MOST_CHARACTERS:
            raise ModelError(
                f"the model's chat template makes {len(written):,} characters of this conversation",
                hint=INSTEAD,
            )
        return written

    return write


def _in_time(render: Callable[[], str]) -> str:
    until = time.thread_time() + SECONDS

    def look(frame: FrameType, event: str, argument: object) -> Any:  # noqa: ANN401, ARG001
        if time.thread_time() > until:
            raise _Endless
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        return render()
    except _Endless:
        raise ModelError(
            f"the model's chat template does not end within {SECONDS:g} seconds", hint=INSTEAD
        ) from None
    finally:
        sys.settrace(before)
