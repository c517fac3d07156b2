"""What is printed stands as it was written, and an end that the system forced is a sentence."""

import errno
import os
import signal

import pytest
import typer
from rich.table import Table
from typer.testing import CliRunner

from csrkit import terminal
from csrkit.errors import DataError, ParameterError
from itpcsr.cli import app
from itpcsr.sdtm.on_terminal import finding_tables

ODD = "data/dm.csv:100: [bold]x[/bold] [/] :smile: \\[x] [red]"


def test_a_message_is_printed_as_it_is(capsys):
    with pytest.raises(typer.Exit) as end, terminal.errors_without_traceback():
        raise ParameterError(ODD)
    assert end.value.exit_code == 1
    assert ODD in capsys.readouterr().err
    terminal.say(ODD)
    assert ODD in capsys.readouterr().err.replace("\n", " ")


def test_a_table_is_printed_as_it_is(capsys):
    import pandas as pd

    table = Table("A :100:")
    table.add_row(ODD)
    terminal.open_console().print(table)
    frame = pd.DataFrame({"rule": ["X [b] :100:"], "severity": ["error"], "message": [ODD]})
    for shown in finding_tables(frame):
        terminal.open_console().print(shown)
    text = capsys.readouterr().out
    assert text.count(":smile:") == 2
    assert text.count("[red]") == 2
    assert ":100:" in text


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "open files"),
        (MemoryError(), "memory"),
        (RuntimeError("can't start new thread"), "threads"),
        (ImportError("x.so: failed to map segment from shared object"), "memory"),
        (chained(RuntimeError("kernel didn't start"), OSError(errno.ENOMEM, "x")), "memory"),
    ],
)
def test_what_the_process_has_no_more_of_is_said(error, said, capsys):
    with pytest.raises(typer.Exit), terminal.errors_without_traceback():
        raise error
    assert f"{said}" in capsys.readouterr().err


def test_the_users_error_stands_before_what_may_be_its_cause(capsys):
    with pytest.raises(typer.Exit), terminal.errors_without_traceback():
        raise chained(DataError("dm.csv: can't be read."), OSError(errno.EMFILE, "x"))
    assert "dm.csv: can't be read.\nThe process may have no more open files" in capsys.readouterr().err


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), terminal.errors_without_traceback():
        raise ZeroDivisionError


def test_a_request_to_end_is_said(capsys):
    with pytest.raises(typer.Exit) as end, terminal.errors_without_traceback():
        os.kill(os.getpid(), signal.SIGTERM)
    assert end.value.exit_code == 130
    assert "Nothing was published" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_another_file_given_as_parameters_is_not_shown(tmp_path):
    (tmp_path / "passwd").write_text("root:x:0:0:SECRET:/root\n", encoding="utf-8")
    for arguments in (["build", "passwd"], ["check", "passwd"], ["check", "x", "--study", "passwd"]):
        where = [str(tmp_path / text) if text == "passwd" else text for text in arguments]
        result = CliRunner().invoke(app, where)
        assert result.exit_code == 1
        assert "SECRET" not in result.output
