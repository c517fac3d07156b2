"""Draws for many subjects at once follow the shares asked for."""

from __future__ import annotations

import numpy as np

from itpsim.tables import choose, draw_kind, draw_one_of


def test_choose_takes_so_many_different_items() -> None:
    counts = np.array([0, 1, 2, 3, 5])
    rows, items = choose(np.random.default_rng(1), np.ones((5, 3)), counts)
    assert np.bincount(rows, minlength=5).tolist() == [0, 1, 2, 3, 3]
    assert len(set(zip(rows, items, strict=True))) == len(rows)


def test_choose_follows_weights_and_leaves_out_weight_0() -> None:
    """Of weights 3, 1 and 0 two draws take both others always, one draw the first three times in four."""
    weights = np.tile([3.0, 1.0, 0.0], (20_000, 1))
    _, one = choose(np.random.default_rng(2), weights, np.ones(20_000))
    assert abs((one == 0).mean() - 0.75) < 0.01
    _, two = choose(np.random.default_rng(2), weights, np.full(20_000, 2))
    assert np.bincount(two).tolist() == [20_000, 20_000]


def test_choose_draws_one_after_the_other() -> None:
    """Weights 2, 1, 1, two draws: the first is left out when both others come, 1/4 x 1/3 in two orders."""
    rows, items = choose(np.random.default_rng(3), np.tile([2.0, 1.0, 1.0], (40_000, 1)), np.full(40_000, 2))
    first_is_in = np.isin(np.arange(40_000), rows[items == 0])
    assert abs(first_is_in.mean() - (1 - 2 * 1 / 4 * 1 / 3)) < 0.01


def test_draw_kind_follows_each_row() -> None:
    shares = np.repeat([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]], 20_000, axis=0)
    kinds = draw_kind(np.random.default_rng(4), shares)
    assert np.abs(np.bincount(kinds[:20_000]) / 20_000 - [0.2, 0.5, 0.3]).max() < 0.02
    assert set(kinds[20_000:]) == {1}


def test_draw_one_of_the_rows_of_a_subject() -> None:
    owner = np.array([2, 2, 5, 7, 7, 7])
    drawn = draw_one_of(np.random.default_rng(5), owner, np.repeat([2, 5, 6, 7], 200))
    assert [sorted(set(part)) for part in np.split(drawn, 4)] == [[0, 1], [2], [-1], [3, 4, 5]]
