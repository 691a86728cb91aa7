"""The one error tree. Every error that a client can cause has a stable `code`.

`router/web/errors.py` alone maps these to HTTP and socket answers:
`{"error": {"code": str, "message": str, "field": str | absent, "state": str | absent}}`.
"""


class SecondlineError(Exception):
    """An answer to somebody's mistake or bad luck, never a programming error.

    message: one sentence for people, without data of others in it.
    field: the input's field at fault, dotted, where there is one.
    state: the current state, where the request came in the wrong one.
    """

    code = "error"
    status = 500

    def __init__(self, message: str, *, field: str | None = None, state: str | None = None):
        super().__init__(message)
        self.message = message
        self.field = field
        self.state = state

    def describe(self) -> dict[str, str]:
        """The error's body, without what it does not have."""
        body = {"code": self.code, "message": self.message}
        if self.field is not None:
            body["field"] = self.field
        if self.state is not None:
            body["state"] = self.state
        return body


class Invalid(SecondlineError):
    """The input breaks a rule of form or meaning."""

    code = "invalid"
    status = 422


class Malformed(SecondlineError):
    """The input cannot be read at all."""

    code = "malformed"
    status = 400


class Unauthenticated(SecondlineError):
    """Nobody is signed in, or the proof is not good (any more)."""

    code = "unauthenticated"
    status = 401


class Forbidden(SecondlineError):
    """Known, but not allowed: role, origin or signature."""

    code = "forbidden"
    status = 403


class NotFound(SecondlineError):
    """No such thing in this workspace."""

    code = "not_found"
    status = 404


class Conflict(SecondlineError):
    """The thing is in another state than the request assumes; `state` says which."""

    code = "conflict"
    status = 409


class Gone(Conflict):
    """A lost race: the offer or contact is somebody else's or over."""

    code = "gone"


class TooMany(SecondlineError):
    """Tried too often; try later."""

    code = "too_many"
    status = 429


class Unavailable(SecondlineError):
    """A store or provider does not answer; nothing was changed that we know of."""

    code = "unavailable"
    status = 503


class Rebuilding(Unavailable):
    """The live store is being rebuilt from the truth; try again in a moment."""

    code = "rebuilding"
