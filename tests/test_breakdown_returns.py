"""Which pictures come again."""

from __future__ import annotations

from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.breakdown.passages import Passage, find_passages
from pipeline.breakdown.returns import count_pictures, share_pictures
from tests.charts import a_chart


def test_how_many_pictures_a_film_may_have():
    assert count_pictures(3) == 6
    assert count_pictures(60) == 12
    assert count_pictures(180) == 24
    assert count_pictures(1200) == count_pictures(10_000) == 60


def test_choruses_have_the_same_pictures_and_verses_their_own():
    passages = find_passages(a_chart())
    shown = share_pictures(passages, [2, 6, 12, 6, 12, 3, 12, 2], most=24)
    assert shown[2] == shown[4]
    assert shown[6][:10] == shown[2][:10]
    assert shown[6][10] not in shown[2]
    assert not set(shown[1]) & set(shown[3])
    assert max(chain(*shown)) < 24


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abcde")), min_size=1, max_size=40), st.integers(2, 60))
def test_there_are_never_more_pictures_than_may_be(rows: list[tuple[int, str]], most: int):
    passages = [
        Passage(
            "chorus" if group == "a" else "verse", i, i + 1, 0.5, f"chorus {group}" if group == "a" else f"{group}{i}"
        )
        for i, (_, group) in enumerate(rows)
    ]
    shown = share_pictures(passages, [count for count, _ in rows], most=most)
    assert [len(row) for row in shown] == [count for count, _ in rows]
    seen = list(chain(*shown))
    assert set(seen) == set(range(max(seen) + 1))
    assert len(set(seen)) <= most
    assert list(dict.fromkeys(seen)) == sorted(set(seen)), "numbered as they come"
    assert all(a != b for row in shown for a, b in pairwise(row))
