"""A folder holds exactly what is put into it, and what is the same isn't written."""

import pytest

from csrkit.made_files import mirror, replace_changed


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "place"
    mirror({"a.txt": b"a", "b/c.txt": b"c", "d/e/f.txt": b"f"}, place)
    return place


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_what_is_the_same_stays_and_the_rest_goes(folder, tmp_path):
    (folder / "link").symlink_to(tmp_path)
    before = (folder / "a.txt").stat().st_mtime_ns
    (tmp_path / "source").write_bytes(b"copied")
    mirror({"a.txt": b"a", "b/c.txt": b"new", "g.txt": tmp_path / "source"}, folder)
    assert files(folder) == {"a.txt": b"a", "b/c.txt": b"new", "g.txt": b"copied"}
    assert (folder / "a.txt").stat().st_mtime_ns == before
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b", "g.txt"]
    assert tmp_path.is_dir()  # a link goes, not what it leads to


def test_a_new_folder_takes_the_place_but_for_what_is_kept(folder, tmp_path):
    mirror({"a.txt": b"a", "b/c.txt": b"new"}, tmp_path / "new")
    before = (folder / "a.txt").stat().st_mtime_ns
    replace_changed(tmp_path / "new", folder, keep={"d"})
    assert files(folder) == {"a.txt": b"a", "b/c.txt": b"new", "d/e/f.txt": b"f"}
    assert (folder / "a.txt").stat().st_mtime_ns == before
    assert not (tmp_path / "new").exists()
