"""Every table in one name space, so that the metadata is whole wherever one of them is used."""

from app.storage.audit import Entry
from app.storage.base import Base
from app.storage.batches import Batch, Comparison, Prompt, Response, RowError
from app.storage.comparisons import Assignment, Preference, PreferenceHistory, Tally
from app.storage.onboarding import GuidelinesRead, GuidelinesVersion, Qualification, QuizAnswer, QuizAttempt
from app.storage.people import Credential, Failure, Group, Membership, Person
from app.storage.projects import Project
from app.storage.training import LogLine, Reward, Snapshot, TrainingPoint, TrainingRun

__all__ = [
    "Assignment",
    "Base",
    "Batch",
    "Comparison",
    "Credential",
    "Entry",
    "Failure",
    "Group",
    "GuidelinesRead",
    "GuidelinesVersion",
    "LogLine",
    "Membership",
    "Person",
    "Preference",
    "PreferenceHistory",
    "Project",
    "Prompt",
    "Qualification",
    "QuizAnswer",
    "QuizAttempt",
    "Response",
    "Reward",
    "RowError",
    "Snapshot",
    "Tally",
    "TrainingPoint",
    "TrainingRun",
]
