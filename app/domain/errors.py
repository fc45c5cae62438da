"""What can go wrong, in the words of the domain; app/problems.py gives each its status."""


class DomainError(Exception):
    """Parent of all; the message says what happened and what to do, to a person."""


class NotFound(DomainError):
    """There is no such thing, or not for this person."""


class Conflict(DomainError):
    """It cannot be done as things stand; nothing was changed."""


class Invalid(DomainError):
    """What was sent does not make sense; `field` says where."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field, self.reason = field, reason


class Unauthenticated(DomainError):
    """Nobody is signed in, or the secret is not, or no longer, good."""


class Forbidden(DomainError):
    """Signed in, but the role does not reach that far."""


class TooManyAttempts(DomainError):
    """Slow down; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many failed attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class UploadError(Invalid):
    """The file as a whole cannot be read; nothing of it was kept."""


class TooLarge(UploadError):
    """More than `limit` bytes, packed or unpacked."""

    def __init__(self, limit: int) -> None:
        super().__init__("file", f"is larger than {limit // 1_000_000} MB")


class DuplicateUpload(Conflict):
    """The same file is already in this project as batch `batch_id`."""

    def __init__(self, batch_id: int, name: str) -> None:
        super().__init__(f"This file was uploaded before, as batch {name!r}. Upload it again only if you mean to.")
        self.batch_id = batch_id
