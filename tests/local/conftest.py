"""One deployed local stack for the tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from toolgrant_local import LocalStack


@pytest.fixture(scope="session")
def local_stack() -> Iterator[LocalStack]:
    with LocalStack() as stack:
        yield stack
