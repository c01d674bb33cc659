"""One family of errors; each says what happened and what to do, and has one HTTP status.

The web side turns them into an RFC 9457 problem document or an HTML page; the command line into
one sentence on standard error and exit code 1 (2 for wrong usage).
"""


class PatchclampError(Exception):
    """Something that the user can do something about."""

    status = 500
    title = "Something went wrong"

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        public: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        """What to do next, as a sentence."""
        self.public = public or detail
        """The detail as anybody on the network may read it: no paths, no addresses."""
        self.retry_after = retry_after
        """Seconds after which the same may work, where waiting is all that is needed."""


class NotFoundError(PatchclampError):
    status = 404
    title = "Not found"


class BadRequestError(PatchclampError):
    status = 422
    title = "The request cannot be understood"


class ConflictError(PatchclampError):
    status = 409
    title = "In conflict with what is there"


class TooManyError(PatchclampError):
    """More of something than this server takes on at once."""

    status = 429
    title = "Too much at once"


class SlowError(PatchclampError):
    """A body that takes too long to arrive."""

    status = 408
    title = "Too slow"


class LeftError(PatchclampError):
    """Nobody waits for the answer any more: only log and metrics see this status."""

    status = 499
    title = "Nobody waits for the answer"


class UnavailableError(PatchclampError):
    """The store cannot be used now: locked, read-only, newer than the code, disk full."""

    status = 503
    title = "The store is not available"


class InferenceError(PatchclampError):
    """Nothing can be computed on a loaded model now; what is stored can be read all the same."""

    status = 503
    title = "Inference is not available"


class SignInError(PatchclampError):
    """Nobody is signed in, or what was shown instead lets nobody in. Browsers are led to the page
    where one signs in."""

    status = 401
    title = "Sign in first"


class SealedError(PatchclampError):
    """Something would leave a server that is sealed."""

    status = 403
    title = "This server is sealed"


class ForbiddenError(PatchclampError):
    """Somebody is known, and may not do this."""

    status = 403
    title = "Not allowed"
