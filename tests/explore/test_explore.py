"""Every order of our effects, one edit, one crash and one redelivery: what people set is not lost
silently, and whatever happens comes to a good end."""

from __future__ import annotations

import time

import pytest
from tests.explore.actions import in_words
from tests.explore.explorer import Found, explore
from tests.explore.scenarios import IN_CI


@pytest.mark.long
@pytest.mark.parametrize("name", IN_CI)
def test_every_order_comes_to_a_good_end(name: str) -> None:
    make, least = IN_CI[name]
    found, began = Found(), time.perf_counter()

    explore(make(), found)

    print(f"{name}: {found} in {time.perf_counter() - began:.0f} s")
    assert [f"{in_words(how)} → {what}" for how, what in found.broken] == []
    assert found.runs >= least
