"""What `make reproduce` compares: two builds of different surroundings, the first of which may be there already."""

import os
import shutil
import subprocess

import pytest

# Stands for the program: says where and when it builds, and writes SAYS, or what its surroundings are.
ITPCSR = """#!/usr/bin/env bash
echo "$TZ $(date +%Y)" >> "$BUILDS"
mkdir -p output/demo-1.0.0
eval "echo ${SAYS:-same}" > output/demo-1.0.0/manifest.json
"""


@pytest.fixture
def reproduce(root, tmp_path):
    """Return a function that runs the script in a project that holds nothing else."""
    if shutil.which("taskset") is None:
        pytest.skip("taskset isn't here, by which one of the builds has one core")
    project = tmp_path / "project"
    for name in (".ci", ".venv/bin", "bin"):
        (project / name).mkdir(parents=True)
    shutil.copy(root / ".ci/reproduce", project / ".ci")
    program = project / ".venv/bin/itpcsr"
    program.write_text(ITPCSR, encoding="utf-8")
    program.chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "add", ".ci"], cwd=project, check=True)

    def run(*arguments, **environment):
        builds = tmp_path / "builds"
        builds.unlink(missing_ok=True)
        path = os.pathsep.join([str(project / "bin"), os.environ["PATH"]])
        env = {**os.environ, "PATH": path, "BUILDS": str(builds), **environment}
        done = subprocess.run(
            [".ci/reproduce", "params/demo.yml", *arguments],
            cwd=project,
            env=env,
            capture_output=True,
            check=False,
        )
        return done.returncode, [line.split()[0] for line in builds.read_text().splitlines()], project

    return run


FIRST, SECOND = "Pacific/Kiritimati", "Pacific/Pago_Pago"


def publish(project, text):
    for version in ("demo-1.0.0", "other-1.0.0"):
        (project / "output" / version).mkdir(parents=True, exist_ok=True)
        (project / "output" / version / "manifest.json").write_text(text + "\n", encoding="utf-8")


def test_two_builds_that_are_the_same_and_two_that_differ(reproduce):
    assert reproduce()[:2] == (0, [FIRST, SECOND])
    assert reproduce(SAYS="$TZ")[:2] == (1, [FIRST, SECOND])
    assert reproduce(SAYS="$USER")[0] == reproduce(SAYS="$PWD")[0] == reproduce(SAYS='"$(umask)"')[0] == 1


@pytest.mark.skipif(shutil.which("quarto") is not None, reason="Quarto is here: both are built")
def test_a_version_built_before_is_the_first_of_the_two(reproduce):
    project = reproduce()[2]
    publish(project, "same")
    assert reproduce("output")[:2] == (0, [SECOND])
    publish(project, "another")
    assert reproduce("output")[:2] == (1, [SECOND])


def test_where_quarto_is_the_version_built_before_may_be_its_own(reproduce):
    project = reproduce()[2]
    publish(project, "made by Quarto")
    (project / "bin/quarto").touch(mode=0o755)
    assert reproduce("output")[:2] == (0, [FIRST, SECOND])
