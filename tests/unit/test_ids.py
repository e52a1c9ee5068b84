"""Short ids: what they are made of, and what an operator may say in their place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import SOME, texts

from toolgrant.domain.ids import meant, short_id
from toolgrant.errors import InvalidInput

SAYABLE = "[0-9abcdefghjkmnpqrstvwxyz]{10}"
"""No letter that is misread: i, l, o, u."""


@SOME
@given(st.sampled_from(["f", "al", "fix", "c"]), st.lists(texts | st.integers(), max_size=4))
def test_an_id_says_what_it_is_of_and_can_be_said_aloud(prefix: str, parts: list[object]) -> None:
    made = short_id(prefix, *parts)
    assert re.fullmatch(f"{prefix}-{SAYABLE}", made)
    assert short_id(prefix, *parts) == made


def test_an_id_stays_the_same_from_release_to_release() -> None:
    assert short_id("f", "instance", "agent", 7) == "f-b2kxt69rd8"


def test_other_things_have_other_ids() -> None:
    parts = [("",), ("a",), ("b",), ("ab",), ("a", "b"), ("b", "a"), ("a", "b", ""), (1,)]
    assert len({short_id("f", *one) for one in parts}) == len(parts)
    many = {short_id("f", number) for number in range(20_000)}
    assert len(many) == 20_000
    assert len({one[2:8] for one in many}) > 19_000  # every character counts, the first ones too


KNOWN = ["al-abcd000001", "al-abcd000002", "f-abcd000001", "fix-7k3m9qd2aa"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("f-abcd000001", "f-abcd000001"),
        ("f-abcd", "f-abcd000001"),  # six characters
        ("fix-7k", "fix-7k3m9qd2aa"),
        ("al-abcd000002", "al-abcd000002"),
        ("f-abce", None),
        ("abcd000001", None),
        ("F-ABCD000001", None),
        ("f-abcd0000010", None),
        ("zzz", None),
        ("", None),
    ],
)
def test_an_id_or_an_unambiguous_beginning_of_it_is_meant(said: str, found: str | None) -> None:
    assert meant(said, KNOWN) == found
    assert meant(said, [*KNOWN, *KNOWN]) == found


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("f-abc", "at least 6 characters of an id, please"),
        ("f", "at least 6 characters of an id, please"),
        ("al-abcd", "ambiguous: al-abcd000001, al-abcd000002"),
    ],
)
def test_a_beginning_that_is_short_or_fits_several_is_refused_with_the_reason(
    said: str, why: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        meant(said, KNOWN)
    assert (refused.value.field, why in str(refused.value)) == ("$.target", True)


def test_a_whole_id_is_meant_even_where_others_begin_with_it() -> None:
    assert meant("f-a", ["f-a", "f-abcdefgh"]) == "f-a"


def test_not_all_of_many_that_fit_are_listed() -> None:
    with pytest.raises(InvalidInput) as refused:
        meant("al-abcd", [f"al-abcd{number}" for number in range(9)])
    assert str(refused.value).count("al-abcd") == 5
