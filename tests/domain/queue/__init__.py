"""A model of the queue in plain Python, and the rules by which it is played against the database."""

import pytest

pytest.register_assert_rewrite(
    "tests.domain.queue.checks", "tests.domain.queue.administering", "tests.domain.queue.model"
)
