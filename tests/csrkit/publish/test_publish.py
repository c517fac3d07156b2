"""A version appears whole or not at all, whatever ends the process that publishes it."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from csrkit.errors import PublishError
from csrkit.publish import publish
from csrkit.publish.fragments import Display
from csrkit.tables.files import in_file
from csrkit.tables.table import Header, Row, Table
from csrkit.versions import staging
from csrkit.versions.staging import lock
from csrkit.versions.verify import verify
from tests.csrkit.versions import made_up

# Publishes a folder of many files again and again, as fast as it can, and says when it begins.
PUBLISHER = """
import sys
from pathlib import Path
from csrkit.versions.staging import staging
target = Path(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    with staging(target, "0.txt") as folder:
        for name in range(20):
            (folder / f"{name}.txt").write_text(str(number))
"""


@pytest.fixture
def small(root, tmp_path):
    def make(name="work", **values):
        return made_up.publish_small(root, tmp_path / name, tmp_path / "output", **values)

    return make


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_a_draft_is_replaced_and_nothing_is_left_beside_it(small):
    small()
    target = small("again", responders=(0, 5))
    assert "5 (83.3)" in (target / "tables/tbl-response.csv").read_text(encoding="utf-8")
    assert hidden(target.parent) == [".small-1.0.0.lock"]


def test_a_version_that_contradicts_itself_is_not_published(root, tmp_path):
    ready = made_up.prepare(root, tmp_path / "work")
    page = ready[2] / "report/11.html"
    text = page.read_text(encoding="utf-8")
    assert "1 (33.3)" in text
    page.write_text(text.replace("1 (33.3)", "2 (33.3)"), encoding="utf-8")
    (tmp_path / "output").mkdir()
    with pytest.raises(
        PublishError, match=r"contradicts itself(?s:.*)report/11\.html: tbl-response.*'2 \(33\.3\)'"
    ):
        publish.publish(tmp_path / "output", *ready)
    assert [path.name for path in (tmp_path / "output").iterdir()] == [".small-1.0.0.lock"]


def test_killed_at_any_moment_the_version_is_whole_and_the_next_build_works(tmp_path):
    """Killed at 30 moments; each time the folder holds one complete state."""
    target = tmp_path / "demo-1.0.0"
    with staging.staging(target, "0.txt") as folder:
        for name in range(20):
            (folder / f"{name}.txt").write_text("0")
    interrupted = 0
    process = None
    for moment in range(30):
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", PUBLISHER, str(target)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        process.stdout.readline()
        time.sleep(0.001 + 0.0037 * (moment % 10))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        interrupted += (target.parent / f".{target.name}.new").exists()
        states = {path.read_text() for path in target.iterdir()}
        assert len(list(target.iterdir())) == 20
        assert len(states) == 1, states
    assert interrupted > 0  # the test did meet unfinished work
    with staging.staging(target, "0.txt") as folder:
        (folder / "last.txt").write_text("")
    assert [path.name for path in target.iterdir()] == ["last.txt"]
    assert hidden(tmp_path) == [f".{target.name}.lock"]


def test_without_exchange_a_version_put_aside_by_a_killed_build_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "_exchange", lambda one, other: False)
    target = tmp_path / "demo-1.0.0"
    for text in ("1", "2"):
        with staging.staging(target, "a.txt") as folder:
            (folder / "a.txt").write_text(text)
    assert (target / "a.txt").read_text() == "2"
    target.rename(tmp_path / ".demo-1.0.0.old")  # killed between the two renames
    with staging.staging(tmp_path / "demo-1.0.0", "a.txt") as folder:
        assert (target / "a.txt").read_text() == "2"
        (folder / "a.txt").write_text("2")
    assert (target / "a.txt").read_text() == "2"


def test_an_error_while_publishing_leaves_the_version_as_it_was(small, monkeypatch):
    target = small()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish, "write_manifest", full_disk)
    with pytest.raises(OSError, match="No space left"):
        small("again", responders=(0, 5))
    assert verify(target) == []
    assert hidden(target.parent) == [".small-1.0.0.lock"]


@contextmanager
def files_of_at_most(size):
    """Have the system refuse longer files, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1000, 3000, 10_000, 30_000])
def test_a_file_that_the_disk_does_not_take_leaves_the_version_as_it_was(root, small, tmp_path, size):
    target = small()
    before = (target / "SHA256SUMS").read_bytes()
    ready = made_up.prepare(root, tmp_path / "again", responders=(0, 5))
    with files_of_at_most(size), pytest.raises(OSError, match="File too large"):
        publish.publish(target.parent, *ready)
    assert (target / "SHA256SUMS").read_bytes() == before
    assert verify(target) == []
    assert hidden(target.parent) == [".small-1.0.0.lock"]
    assert "5 (83.3)" in (small("later", responders=(0, 5)) / "tables/tbl-response.csv").read_text("utf-8")


def test_a_rename_that_the_system_refuses_leaves_the_version_as_it_was(small, monkeypatch):
    target = small()
    rename = type(target).rename

    def refuse(path, name):
        if path.name.endswith(".new"):
            raise PermissionError(1, "Operation not permitted")
        return rename(path, name)

    monkeypatch.setattr(staging, "_exchange", lambda one, other: False)
    monkeypatch.setattr(type(target), "rename", refuse)
    with pytest.raises(PermissionError):
        small("again", responders=(0, 5))
    assert verify(target) == []
    assert hidden(target.parent) == [".small-1.0.0.lock"]


def test_a_folder_that_cannot_be_written_to_is_said_before_any_work(tmp_path):
    taken = tmp_path / "output"
    taken.write_text("a file", encoding="utf-8")
    with pytest.raises(PublishError, match=r"output: no version can be written there \(.*--output"):
        staging.claim(taken / "demo-1.0.0")
    if not Path("/proc/self").is_dir():
        pytest.skip("this system has no folder that nobody can write to")
    with pytest.raises(PublishError, match=r"/proc: no version can be written there"):
        staging.claim(Path("/proc/demo-1.0.0"))


def occupy(place, kind, elsewhere):
    """Put something of somebody else in a place, and return what must stay as it is, with its content."""
    if kind == "file":
        place.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        place.mkdir()
        (place / "thesis.txt").write_text("mine", encoding="utf-8")
        return place / "thesis.txt"
    elif kind == "link to a folder":
        elsewhere.mkdir()
        (elsewhere / "manifest.json").write_text("mine", encoding="utf-8")
        place.symlink_to(elsewhere)
        return elsewhere / "manifest.json"
    else:
        elsewhere.write_text("mine", encoding="utf-8")
        place.symlink_to(elsewhere)
        return elsewhere
    return place


@pytest.mark.parametrize("kind", ["file", "folder", "link to a file", "link to a folder", "dead link"])
@pytest.mark.parametrize("moment", ["before any work", "while it is filled"])
def test_what_is_no_version_stays_as_it_is(tmp_path, kind, moment):
    target = tmp_path / "output/demo-1.0.0"
    target.parent.mkdir()
    if moment == "before any work":
        kept = occupy(target, kind, tmp_path / "mine")
        if kind == "dead link":
            kept.unlink()
        with pytest.raises(PublishError, match=r"demo-1\.0\.0: a .* is where this is to be published"):
            staging.claim(target)
    with pytest.raises(PublishError, match="was left as it is"), staging.staging(target) as folder:  # noqa: PT012
        (folder / "manifest.json").write_text("new", encoding="utf-8")
        kept = occupy(target, kind, tmp_path / "mine")
    assert kind == "dead link" or kept.read_text(encoding="utf-8") == "mine"
    assert hidden(target.parent) == [".demo-1.0.0.lock"] or moment == "before any work"
    staging.remove(target) if not target.is_symlink() and target.is_dir() else target.unlink()
    with staging.staging(target) as folder:  # nothing is stuck
        (folder / "manifest.json").write_text("new", encoding="utf-8")
    assert (target / "manifest.json").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("name", [".demo-1.0.0.new", ".demo-1.0.0.old", ".demo-1.0.0.lock"])
def test_hidden_names_that_are_links_lead_nowhere(tmp_path, name):
    kept = tmp_path / "mine.txt"
    kept.write_text("mine", encoding="utf-8")
    (tmp_path / name).symlink_to(kept)
    with pytest.raises(PublishError, match=name), staging.staging(tmp_path / "demo-1.0.0"):
        pass
    assert kept.read_text(encoding="utf-8") == "mine"


def test_a_lock_is_not_emptied(tmp_path):
    (tmp_path / "a.lock").write_text("text", encoding="utf-8")
    with lock(tmp_path / "a.lock"):
        assert (tmp_path / "a.lock").read_text(encoding="utf-8") == "text"


def test_what_a_link_in_a_version_leads_to_keeps_its_rights(tmp_path):
    (tmp_path / "mine").mkdir(mode=0o700)
    version = tmp_path / "version"
    version.mkdir()
    (version / "link").symlink_to(tmp_path / "mine")
    staging.make_read_only(version)
    staging.remove(version)
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o700
    assert not version.exists()


def test_two_that_publish_the_same_version_do_not_meet(small):
    target = small()
    with (
        lock(target.parent / ".small-1.0.0.lock"),
        pytest.raises(PublishError, match="another build publishes this version"),
    ):
        small("again")
    assert verify(small("later")) == []


def test_a_lock_that_a_killed_process_left_is_no_lock(small, tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output/.small-1.0.0.lock").write_text("4711", encoding="utf-8")
    assert verify(small()) == []


def test_a_final_version_is_read_only_and_refuses_other_inputs_by_name(small):
    target = small(status="final")
    assert {path.stat().st_mode & 0o222 for path in [target, *target.rglob("*")]} == {0}
    assert verify(target) == []
    with pytest.raises(PublishError, match="is final and is never overwritten"):
        small("again")
    other = made_up.manifest(hashes={"code": "a", "study": "b", "lock": "c", "data DM": "x", "data AE": "y"})
    with pytest.raises(PublishError, match=r"(?s)input data AE is new\n.*input data DM differs"):
        publish.refuse_final(target.parent, made_up.report(), lambda: other)
    with pytest.raises(PublishError, match="Its inputs are those of today"):
        publish.refuse_final(target.parent, made_up.report(), made_up.manifest)
    staging.remove(target)  # so that the folder of the test can be removed


def long_listing(folder):
    """Return the display of a listing of which a notebook wrote the whole to a file."""
    rows = tuple(Row(f"S-{number}", (str(number),)) for number in range(50))
    table = in_file(Table("Subject", (Header("Day"),), rows), "tbl-x", folder / "10-x", 40)
    return Display("10-x", "tbl-x", "Listing", "", table, None)


def test_the_file_of_a_long_listing_is_published_as_the_notebook_wrote_it(tmp_path):
    display, target = long_listing(tmp_path / "rows"), tmp_path / "tables"
    target.mkdir()
    publish._copy_files(target, [display], tmp_path / "rows")
    lines = (target / "tbl-x.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 51
    for change in (lambda path: path.write_text("other"), lambda path: path.unlink()):
        change(tmp_path / "rows/10-x/tbl-x.csv")
        with pytest.raises(PublishError, match="is not the file that 10-x wrote for tbl-x"):
            publish._copy_files(target, [display], tmp_path / "rows")


def test_a_changed_file_of_a_long_listing_is_found(root, tmp_path, monkeypatch):
    made = made_up.table()
    more = tuple(Row(f"Row {number}", ("1 (33.3)", "4 (66.7)"), 1) for number in range(50))
    long = Table(made.stub, made.headers, (*made.rows, *more))
    whole = in_file(long, "tbl-response", tmp_path / "work/rows/10-x", 40)
    monkeypatch.setattr(made_up, "table", lambda responders: whole)
    target = made_up.publish_small(root, tmp_path / "work", tmp_path / "output")
    assert verify(target) == []
    path = target / "tables/tbl-response.csv"
    assert len(path.read_text(encoding="utf-8").splitlines()) == 53
    path.write_text(path.read_text(encoding="utf-8").replace("Row 45", "Row 46"), encoding="utf-8")
    assert "isn't the listing that its notebook wrote" in " ".join(fault.problem for fault in verify(target))


def test_an_external_version_has_no_file_of_a_listing(root, tmp_path, monkeypatch):
    ready = list(made_up.prepare(root, tmp_path / "work"))
    ready[0] = made_up.report(disclosure="external")
    ready[4] = [*ready[4], long_listing(tmp_path / "work/rows")]
    monkeypatch.setattr(publish, "_refuse_faults", lambda folder: None)  # no notebook shows the listing
    target = publish.publish(tmp_path, *ready)
    assert not (target / "tables/tbl-x.csv").exists()
