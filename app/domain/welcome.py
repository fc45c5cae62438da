"""How the first people get in: on an empty database two demo accounts and the demo project, and links for them."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import demo, people, projects
from app.vocabulary import Role

ACCOUNTS = {Role.annotator: "annotator@demo.example", Role.admin: "admin@demo.example"}


def welcome(session: Session, now: datetime) -> dict[Role, str]:
    """Secrets of fresh invitations of the demo accounts, by role.

    Makes the accounts when there are none at all, and the demo project when there is no project either. An account
    that is gone, deactivated or has another role by now gets no invitation.
    """
    if not people.everyone(session):
        for role, email in ACCOUNTS.items():
            people.add(session, email, f"Demo {role}", role, now)
        if not projects.everything(session):
            demo.create(session, now)
    found = {role: people.by_email(session, email) for role, email in ACCOUNTS.items()}
    return {
        role: people.invite(session, person, now)
        for role, person in found.items()
        if person is not None and person.active and person.role == role
    }
