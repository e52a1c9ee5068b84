"""For all tests: hypothesis takes no machine for a slow one; what takes long is begun first."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("toolgrant", deadline=None)
settings.load_profile("toolgrant")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """So that no worker is left with a long test when the others have finished."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
