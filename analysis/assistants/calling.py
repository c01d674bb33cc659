"""One call to an OpenAI-compatible endpoint: a whole completion, or what went wrong.

Only the key and the question go out, and only to the endpoint: no redirect is followed, no proxy
stands between us and an endpoint on this machine, and what the client library would add from the
environment (organisation, project, other keys and headers) or about this machine is left out.
"""

import time
from dataclasses import dataclass
from typing import Any

import openai
from openai import APIConnectionError, APIStatusError, APITimeoutError, DefaultHttpxClient, OpenAI

from analysis.assistants.asked import Failure, FailureKind
from analysis.assistants.bounding import bound_errors
from analysis.assistants.dialect import Dialect
from analysis.assistants.endpoint import Endpoint
from analysis.assistants.patience import retry_after
from analysis.assistants.question import Question
from analysis.assistants.reply import Reply, read_completion, shown

LARGEST_BODY = 64 << 20
NO_KEY = "none"
"""The client wants one; endpoints without keys ignore it."""
CONNECT_SECONDS = 10.0
WHATEVER_IS_ASKED = {401, 402, 403, 404, 405, 407, *range(300, 400)}
"""Statuses that another question would get too: the key, the account, the address, the model."""


@dataclass(frozen=True)
class Called:
    outcome: Reply | Failure
    sent: dict[str, Any]
    """The parameters."""
    retry_after: float | None = None
    may_have_cost: bool = False
    """The endpoint may have worked for it although no whole answer came."""
    hopeless: bool = False
    """Another question would fail like this too."""
    complaint: str | None = None
    """What it says is wrong with the request."""


class Line:
    """A held connection pool to one endpoint; safe to use from many threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        timeout = openai.Timeout(endpoint.timeout, connect=min(CONNECT_SECONDS, endpoint.timeout))
        self._client = _BareClient(
            base_url=endpoint.url,
            api_key=endpoint.key.get_secret_value() if endpoint.key else NO_KEY,
            admin_api_key="",
            organization="",
            project="",
            timeout=timeout,
            max_retries=0,
            http_client=DefaultHttpxClient(
                follow_redirects=False,
                timeout=timeout,
                trust_env=not endpoint.is_here,
                event_hooks={"response": [bound_errors]},
            ),
        )

    def call(self, question: Question[Any], dialect: Dialect) -> Called:
        options = dialect.options(question)
        messages = [
            {"role": message.role, "content": message.text} for message in question.messages
        ]
        try:
            body = self._body({"messages": messages, **options})
            outcome = read_completion(body, options, self._endpoint.hide)
            foreign = isinstance(outcome, Failure)
            return Called(outcome, options, may_have_cost=foreign, hopeless=foreign)
        except APITimeoutError:
            return self._timed_out(options)
        except APIStatusError as error:
            return self._refused(error, options)
        except TimeoutError:
            return self._timed_out(options)
        except Exception as error:  # noqa: BLE001 - of the way: the client raises what httpx does
            return self._broken(error, options)

    def close(self) -> None:
        self._client.close()

    def _body(self, request: dict[str, Any]) -> bytes:
        """All bytes of a 2xx answer.

        Raises:
            TimeoutError: they dripped for longer than the endpoint's time.
        """
        end = time.monotonic() + self._endpoint.timeout
        body = bytearray()
        with self._client.chat.completions.with_streaming_response.create(**request) as response:
            for piece in response.iter_bytes():
                body += piece
                if time.monotonic() > end:
                    raise TimeoutError
                if len(body) > LARGEST_BODY:
                    break
        return bytes(body)

    def _timed_out(self, options: dict[str, Any]) -> Called:
        failure = Failure("timeout", f"no answer within {self._endpoint.timeout:g} seconds")
        return Called(failure, options, may_have_cost=True)

    def _refused(self, error: APIStatusError, options: dict[str, Any]) -> Called:
        status = error.status_code
        try:
            body = error.response.content
        except Exception:  # noqa: BLE001 - its body was cut off; the status suffices
            body = b""
        said = shown(body, self._endpoint.hide)
        failure = Failure(_kind(status), f"status {status}: {said}")
        return Called(
            failure,
            options,
            retry_after=retry_after(error.response.headers),
            hopeless=status in WHATEVER_IS_ASKED,
            complaint=said if status in (400, 422) else None,
        )

    def _broken(self, error: Exception, options: dict[str, Any]) -> Called:
        """Told by the kind of error alone: its text can hold parts of what was sent."""
        cause = error.__cause__ if isinstance(error, APIConnectionError) else error
        name = type(cause or error).__name__
        if "Connect" in name or isinstance(cause, OSError):
            return Called(Failure("unreachable", f"no connection ({name})"), options, hopeless=True)
        failure = Failure("half_answer", f"the answer broke off ({name})")
        return Called(failure, options, may_have_cost=True)


class _BareClient(OpenAI):
    """Without the headers that tell about this machine or come from its environment."""

    @property
    def default_headers(self) -> dict[str, Any]:
        return {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "patchclamp",
        }


def _kind(status: int) -> FailureKind:
    if status == 429:
        return "rate_limited"
    if status in (408, 504):
        return "timeout"
    return "server_error" if status >= 500 else "rejected"
