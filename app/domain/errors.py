"""What can go wrong, in the words of the domain; app/problems.py gives each its status."""


class DomainError(Exception):
    """Parent of all; the message says what happened and what to do, to a person.

    It is a literal where it is raised, so that pages can say it in another language, and what varies is named in it as
    in "%(name)s" and comes in `values`.
    """

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message, self.values = message, values


class NotFound(DomainError):
    """There is no such thing, or not for this person."""


class Conflict(DomainError):
    """It cannot be done as things stand; nothing was changed."""


class Invalid(DomainError):
    """What was sent does not make sense; `field` says where."""

    def __init__(self, field: str, reason: str, /, **values: object) -> None:
        super().__init__(reason, **values)
        self.field, self.reason = field, self.args[0]

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


class Unauthenticated(DomainError):
    """Nobody is signed in, or the secret is not, or no longer, good."""


class Forbidden(DomainError):
    """Signed in, but the role does not reach that far."""


class TooManyAttempts(DomainError):
    """Slow down; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many failed attempts. Try again in %(seconds)s seconds.", seconds=retry_after)
        self.retry_after = retry_after


class UploadError(Invalid):
    """The file as a whole cannot be read; nothing of it was kept."""


class NoFile(UploadError):
    """A form came without its file; `form` are its other fields."""

    def __init__(self, form: dict[str, str]) -> None:
        super().__init__("file", "is missing; choose one to upload")
        self.form = form


class TooLarge(UploadError):
    """More than `limit` bytes, packed or unpacked."""

    def __init__(self, limit: int) -> None:
        super().__init__("file", "is larger than %(megabytes)s MB", megabytes=limit // 1_000_000)


class DuplicateUpload(Conflict):
    """The same file is already in this project as batch `batch_id`."""

    def __init__(self, batch_id: int, name: str) -> None:
        super().__init__(
            "This file was uploaded before, as batch %(name)r. Upload it again only if you mean to.", name=name
        )
        self.batch_id = batch_id
