"""The demo project: prompts with responses of different quality, written for it, guidelines to judge them by, and some
more to practise with."""

import io
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.domain import importing, projects
from app.domain.importing import Upload
from app.domain.pairs import spread
from app.storage.projects import Project
from app.vocabulary import Purpose

SLUG = "demo"
NAME = "Demo: which answer is better?"
PRACTICE = "demo_practice.jsonl"


def create(session: Session, now: datetime) -> Project:
    """The new demo project with its open batch and its practice; raises Conflict when there is one already."""
    project = projects.create(session, SLUG, NAME, now, overlap=2, guidelines=file("demo.md"), retrain_every=0)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _interleaved())
    _import(session, project, lines, Upload("Demo", "demo.jsonl"), now)
    _import(session, project, file(PRACTICE), Upload("Practice", PRACTICE, purpose=Purpose.practice), now)
    return project


def _import(session: Session, project: Project, lines: str, upload: Upload, now: datetime) -> None:
    importing.import_file(session, project, io.BytesIO(lines.encode()), upload, now)


def file(name: str) -> str:
    """What is in one of the demo's files."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _interleaved() -> Iterator[dict[str, Any]]:
    """The first pair of every prompt, then every second one, and so on: twenty clicks see twenty prompts."""
    prompts = [json.loads(line) for line in file("demo.jsonl").splitlines()]
    rounds = zip_longest(*map(_pairs, prompts))
    return (pair for pair in chain.from_iterable(rounds) if pair is not None)


def _pairs(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    responses = row["responses"]
    for i, j in spread(len(responses), None):
        yield {
            "id": f"{row['id']}/{i}-{j}",
            "prompt": row["prompt"],
            "response_a": responses[i]["text"],
            "response_b": responses[j]["text"],
            "generator_a": responses[i]["generator"],
            "generator_b": responses[j]["generator"],
        }
