"""Results are kept by all that they follow from, whole or not at all."""

from dataclasses import dataclass

import pytest

from csrkit.made_files import Memo


@dataclass(frozen=True)
class Thing:
    words: str
    number: float


def test_a_result_is_made_once_for_the_same_inputs(tmp_path):
    made = []

    def make(inputs, common="program 1", kind="table"):
        return Memo(tmp_path, common).text(kind, inputs, lambda: made.append(inputs) or f"{len(made)}")

    thing = Thing("a", 0.1)
    assert [make(thing), make(Thing("a", 0.1))] == ["1", "1"]
    others = [
        make(Thing("b", 0.1)),
        make(Thing("a", 0.2)),
        make(thing, "program 2"),
        make(thing, kind="page"),
    ]
    assert others == ["2", "3", "4", "5"]
    assert make(thing) == "1"


def test_without_a_folder_everything_is_made():
    memo = Memo()
    assert [memo.text("x", 1, lambda: "a"), memo.text("x", 1, lambda: "b")] == ["a", "b"]
    assert not memo.knows("x", 1)
    memo.forget_unused()


def test_what_was_cut_off_is_made_again(tmp_path):
    assert Memo(tmp_path).content("x", 1, lambda: b"whole") == b"whole"
    (path,) = tmp_path.iterdir()
    for broken in (path.read_bytes()[:-1], b"", b"short"):
        path.write_bytes(broken)
        assert not Memo(tmp_path).knows("x", 1)
        assert Memo(tmp_path).content("x", 1, lambda: b"again") == b"again"


def test_what_nobody_asked_for_is_forgotten(tmp_path):
    first = Memo(tmp_path)
    for number in (1, 2, 3):
        first.content("page", number, lambda: b"")
    second = Memo(tmp_path)
    second.content("page", 1, lambda: b"")
    assert second.knows("page", 2)
    second.forget_unused()
    last = Memo(tmp_path)
    assert [last.knows("page", number) for number in (1, 2, 3)] == [True, True, False]


def test_a_failure_keeps_nothing(tmp_path):
    memo = Memo(tmp_path / "made")
    with pytest.raises(ZeroDivisionError):
        memo.content("x", 1, lambda: 1 // 0)
    assert not memo.knows("x", 1)
