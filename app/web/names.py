"""The words of the vocabulary as people read them."""

from enum import StrEnum
from typing import Any

from app.domain.errors import DomainError
from app.vocabulary import Act, AssignmentState, BatchState, Flag, Purpose, Role, RunState, SkipReason
from app.web.languages import gettext

# outside of a request this is English, so what stands here is what the catalogues translate
NAMES: dict[str, str] = {
    Role.annotator: gettext("annotator"),
    Role.reviewer: gettext("reviewer"),
    Role.admin: gettext("admin"),
    BatchState.draft: gettext("draft"),
    BatchState.open: gettext("open"),
    BatchState.paused: gettext("paused"),
    BatchState.closed: gettext("closed"),
    Purpose.judging: gettext("judging"),
    Purpose.practice: gettext("practice"),
    Purpose.qualification: gettext("qualification"),
    AssignmentState.leased: gettext("leased"),
    AssignmentState.done: gettext("done"),
    AssignmentState.skipped: gettext("skipped"),
    AssignmentState.expired: gettext("expired"),
    RunState.requested: gettext("requested"),
    RunState.running: gettext("running"),
    RunState.succeeded: gettext("succeeded"),
    RunState.failed: gettext("failed"),
    RunState.cancelled: gettext("cancelled"),
    SkipReason.unclear: gettext("unclear"),
    SkipReason.other: gettext("other"),
    Flag.unsafe: gettext("unsafe"),
    Flag.personal_data: gettext("personal data"),
    Flag.broken: gettext("broken"),
    Flag.not_my_field: gettext("not my field"),
    Act.signed_in: gettext("signed in"),
    Act.sign_in_refused: gettext("sign-in refused"),
    Act.account_added: gettext("account added"),
    Act.account_changed: gettext("account changed"),
    Act.account_invited: gettext("account invited"),
    Act.password_set: gettext("password set"),
    Act.token_made: gettext("token made"),
    Act.token_revoked: gettext("token revoked"),
    Act.group_made: gettext("group made"),
    Act.group_renamed: gettext("group renamed"),
    Act.group_deleted: gettext("group deleted"),
    Act.member_added: gettext("member added"),
    Act.member_removed: gettext("member removed"),
    Act.project_created: gettext("project created"),
    Act.project_changed: gettext("project changed"),
    Act.batch_uploaded: gettext("batch uploaded"),
    Act.batch_changed: gettext("batch changed"),
    Act.batch_deleted: gettext("batch deleted"),
    Act.comparison_pinned: gettext("comparison pinned"),
    Act.comparison_unpinned: gettext("comparison unpinned"),
    Act.lease_released: gettext("lease released"),
    Act.data_exported: gettext("data exported"),
    Act.run_requested: gettext("run requested"),
    Act.run_cancelled: gettext("run cancelled"),
    Act.model_promoted: gettext("model promoted"),
    Act.qualification_granted: gettext("qualification granted"),
    Act.qualification_withdrawn: gettext("qualification withdrawn"),
    Act.backup_made: gettext("backup made"),
    Act.backup_restored: gettext("backup restored"),
    Act.pruned: gettext("pruned"),
    "user": gettext("person"),
    "assistant": gettext("assistant"),
    "system": gettext("instructions"),
}


def named(word: str) -> str:
    """A word of the vocabulary in the reader's language; any other as it is."""
    return gettext(NAMES[word]) if word in NAMES else str(word)


def begun(text: str) -> str:
    """The text with a capital at its beginning, and the rest as it is: other languages have capitals within."""
    return text[:1].upper() + text[1:]


def said(error: DomainError | str) -> str:
    """What went wrong in the reader's language; of what is Invalid, the reason without the field."""
    if isinstance(error, str):
        return gettext(error)
    values: dict[str, Any] = {
        name: named(value) if isinstance(value, StrEnum) else value for name, value in error.values.items()
    }
    return gettext(error.message) % values if values else gettext(error.message)
