"""The words of the house as enumerations. A leaf: anyone may import it, it imports nothing of ours."""

from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each role may do what the ones before it may."""

    annotator = "annotator"
    reviewer = "reviewer"
    admin = "admin"

    def covers(self, needed: "Role") -> bool:
        """True when a person with this role may enter where `needed` is asked for."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class BatchState(StrEnum):
    """Only an open batch hands out work."""

    draft = "draft"
    open = "open"
    paused = "paused"
    closed = "closed"


class Purpose(StrEnum):
    """What a batch is for; only what is for judging is handed out by the queue."""

    judging = "judging"
    practice = "practice"
    qualification = "qualification"


class AssignmentState(StrEnum):
    """Where a judgement slot stands; see app/storage/comparisons.py."""

    open = "open"
    leased = "leased"
    done = "done"
    skipped = "skipped"
    expired = "expired"


class RunState(StrEnum):
    """The life of a training run."""

    requested = "requested"
    running = "running"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"

    @property
    def final(self) -> bool:
        """True when the run will not change any more."""
        return self in (RunState.succeeded, RunState.failed, RunState.cancelled)


class ExportFormat(StrEnum):
    """The shapes in which comparisons leave."""

    comparisons = "comparisons"
    preferences = "preferences"
    trl = "trl"
    trl_conversational = "trl-conversational"


class SkipReason(StrEnum):
    """Why an annotator passed a comparison on."""

    unclear = "unclear"
    not_my_field = "not my field"
    broken = "broken"
    unsafe = "unsafe"
    other = "other"


class Flag(StrEnum):
    """What an annotator wants a reviewer to look at."""

    unsafe = "unsafe"
    personal_data = "personal data"
    broken = "broken"
    not_my_field = "not my field"


class Asked(StrEnum):
    """Whether something may, or must, be said with a judgement."""

    no = "no"
    optional = "optional"
    required = "required"


class Act(StrEnum):
    """What the audit log tells of."""

    signed_in = "signed in"
    sign_in_refused = "sign-in refused"
    account_added = "account added"
    account_changed = "account changed"
    account_invited = "account invited"
    password_set = "password set"  # noqa: S105
    token_made = "token made"  # noqa: S105
    token_revoked = "token revoked"  # noqa: S105
    group_made = "group made"
    group_renamed = "group renamed"
    group_deleted = "group deleted"
    member_added = "member added"
    member_removed = "member removed"
    project_created = "project created"
    project_changed = "project changed"
    batch_uploaded = "batch uploaded"
    batch_changed = "batch changed"
    batch_deleted = "batch deleted"
    qualification_granted = "qualification granted"
    qualification_withdrawn = "qualification withdrawn"
    comparison_pinned = "comparison pinned"
    comparison_unpinned = "comparison unpinned"
    lease_released = "lease released"
    data_exported = "data exported"
    run_requested = "run requested"
    run_cancelled = "run cancelled"
    model_promoted = "model promoted"
    backup_made = "backup made"
    backup_restored = "backup restored"
    pruned = "pruned"
