"""The inference service as functions: messages of the protocol in, messages out, our errors raised.

Cancelling a task that waits for an answer, or closing a stream, closes the connection, by which the
service learns that it need not go on.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from analysis.protocol.activations import (
    ActivationsAnswer,
    ActivationsRequest,
    StrongestAnswer,
    StrongestRequest,
    TokenizeAnswer,
    TokenizeRequest,
)
from analysis.protocol.experiments import (
    ExperimentAnswer,
    ExperimentRequest,
    GeneratedToken,
    GenerationEnd,
    GenerationRequest,
)
from analysis.protocol.service import ModelsAnswer
from analysis.protocol.sweeps import EditSweepAnswer, EditSweepProgress, EditSweepRequest
from analysis.tasks.proving import ProveAnswer, ProveRequest
from analysis.tasks.scrubbing import ScrubAnswer, ScrubRequest
from app.inference import refusing
from app.inference.connection import AnswerText, Connection, State, Supply


class InferenceClient:
    """Every method raises what `app.inference.refusing` makes of a refusal, or of silence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def close(self) -> None:
        await self._connection.close()

    async def state(self) -> State:
        """Whether it takes requests; answers within a second."""
        return await self._connection.state()

    async def models(self) -> ModelsAnswer:
        """What is loaded."""
        return await self._connection.get("/v1/models", ModelsAnswer)

    async def tokenize(self, request: TokenizeRequest) -> TokenizeAnswer:
        return await self._connection.ask("tokenize", request, TokenizeAnswer)

    async def activations(self, request: ActivationsRequest) -> ActivationsAnswer:
        return await self._connection.ask("activations", request, ActivationsAnswer)

    async def strongest(
        self, request: StrongestRequest, supply: Supply | None = None
    ) -> StrongestAnswer:
        """`supply` reads the array that `request.scales` names, where the service lacks it."""
        return await self._connection.ask("strongest", request, StrongestAnswer, supply)

    async def run_experiment(
        self, request: ExperimentRequest, supply: Supply | None = None
    ) -> ExperimentAnswer:
        """`supply` reads the array that `request.statistics` names, where the service lacks it."""
        return await self._connection.ask("experiment", request, ExperimentAnswer, supply)

    async def tell_experiment(
        self, request: ExperimentRequest, supply: Supply | None = None
    ) -> AnswerText:
        """The same, for whoever keeps the answer or passes it on."""
        return await self._connection.ask_for_text("experiment", request, supply)

    async def prove(self, request: ProveRequest) -> ProveAnswer:
        return await self._connection.ask("prove", request, ProveAnswer)

    async def scrub(self, request: ScrubRequest) -> ScrubAnswer:
        return await self._connection.ask("scrub", request, ScrubAnswer)

    async def generate(
        self, request: GenerationRequest, supply: Supply | None = None
    ) -> AsyncGenerator[GeneratedToken | GenerationEnd, None]:
        """Token by token, and an end. Whoever may stop before it uses `contextlib.aclosing`."""
        async with aclosing(self._connection.stream("generation", request, supply)) as messages:
            async for message in messages:
                if not isinstance(message, GeneratedToken | GenerationEnd):
                    raise refusing.not_understood(type(message).__name__)
                yield message

    async def sweep_edits(
        self, request: EditSweepRequest, supply: Supply | None = None
    ) -> AsyncGenerator[EditSweepProgress | EditSweepAnswer, None]:
        """How far it is, and then the answer. Whoever may stop before it uses `aclosing`."""
        async with aclosing(self._connection.stream("edit-sweep", request, supply)) as messages:
            async for message in messages:
                if not isinstance(message, EditSweepProgress | EditSweepAnswer):
                    raise refusing.not_understood(type(message).__name__)
                yield message
