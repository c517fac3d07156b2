"""A version is signed by an SSH key through ssh-keygen, and anyone with ssh-keygen can check it."""

import shutil
import subprocess

import pytest

from csrkit.errors import SignatureError
from csrkit.versions import staging
from csrkit.versions.published import SIGNATURE, SUMS
from csrkit.versions.signing import check_signature, sign_version
from csrkit.versions.verify import verify
from tests.built import run_itpcsr
from tests.csrkit.versions import made_up

SSH_KEYGEN = shutil.which("ssh-keygen")
if SSH_KEYGEN is None:
    pytest.skip("ssh-keygen, which signs versions, isn't on the PATH", allow_module_level=True)
KINDS = {"ed25519": [], "rsa": ["-b", "2048"], "ecdsa": ["-b", "256"]}


def write_key(folder, kind="ed25519", passphrase="", comment="jane@site"):
    """Write a private key and its public key; return the private one's path."""
    path = folder / f"key-{kind}"
    command = [SSH_KEYGEN, "-q", "-t", kind, *KINDS[kind], "-N", passphrase, "-C", comment, "-f", path]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def version(root, tmp_path):
    return made_up.publish_small(root, tmp_path / "work", tmp_path / "output")


@pytest.mark.parametrize("kind", KINDS)
def test_what_readme_tells_readers_accepts_the_signature(kind, version, tmp_path):
    key = write_key(tmp_path, kind)
    sign_version(version, key)
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(f"jane@site {key.with_suffix('.pub').read_text()}", encoding="utf-8")
    command = [
        SSH_KEYGEN,
        "-Y",
        "verify",
        "-f",
        allowed,
        "-I",
        "jane@site",
        "-n",
        "file",
        "-s",
        version / SIGNATURE,
    ]
    sums = (version / SUMS).read_bytes()
    assert b"Good" in subprocess.run(command, input=sums, capture_output=True, check=True).stdout


@pytest.mark.parametrize("status", ["draft", "final"])
def test_a_signed_version_verifies_and_keeps_its_rights(root, tmp_path, status):
    folder = made_up.publish_small(root, tmp_path / "work", tmp_path / "output", status=status)
    before = folder.stat().st_mode
    key = write_key(tmp_path)
    mark = sign_version(folder, key)
    printed = subprocess.run(
        [SSH_KEYGEN, "-l", "-f", f"{key}.pub"], capture_output=True, text=True, check=True
    )
    assert mark in printed.stdout
    assert folder.stat().st_mode == before
    assert (folder / SIGNATURE).stat().st_mode == (folder / SUMS).stat().st_mode
    assert verify(folder) == []
    assert check_signature(folder, key.with_suffix(".pub")) == (f"Signed by jane@site, {mark}.", [])
    assert f"wasn't checked, {mark}" in check_signature(folder, None)[0]
    assert [path.name for path in folder.parent.iterdir() if path.name.endswith(".sig")] == []
    staging.remove(folder)  # so that the folder of the test can be removed


def test_changed_checksums_and_what_is_no_signature_are_faults(version, tmp_path):
    key = write_key(tmp_path)
    sign_version(version, key)
    with (version / SUMS).open("a", encoding="utf-8") as stream:
        stream.write("\n")
    for who in (key.with_suffix(".pub"), None):
        _, faults = check_signature(version, who)
        assert [fault.problem.split(" (")[0] for fault in faults] == ["isn't the signature of this file"]
    for text in ("", "words", (version / SIGNATURE).read_text()[:80]):
        (version / SIGNATURE).write_text(text, encoding="utf-8")
        assert len(check_signature(version, None)[1]) == 1


def test_another_signer_and_no_signature_are_faults(version, tmp_path):
    key = write_key(tmp_path)
    (tmp_path / "other").mkdir()
    public = write_key(tmp_path / "other").with_suffix(".pub")
    assert check_signature(version, None) == ("", [])
    assert [fault.problem for fault in check_signature(version, public)[1]] == [
        "is missing: the version isn't signed"
    ]
    sign_version(version, key)
    (fault,) = check_signature(version, public)[1]
    assert "is by the key SHA256:" in fault.problem
    assert f"which {public} doesn't name" in fault.problem


def test_a_changed_version_is_not_signed(version, tmp_path):
    (version / "findings.csv").write_text("x", encoding="utf-8")
    with pytest.raises(SignatureError, match=r"(?s)nothing was signed.*findings\.csv: has changed"):
        sign_version(version, write_key(tmp_path))
    assert not (version / SIGNATURE).exists()


def test_what_ssh_keygen_refuses_is_said_in_its_words(version, tmp_path):
    words = tmp_path / "words"
    words.write_text("words", encoding="utf-8")
    words.chmod(0o600)
    with pytest.raises(
        SignatureError, match=r"words: ssh-keygen doesn't sign by it \(.+\)\. Nothing was signed"
    ):
        sign_version(version, words)
    with pytest.raises(SignatureError, match="nobody: there is no such key"):
        sign_version(version, tmp_path / "nobody")
    assert not (version / SIGNATURE).exists()


@pytest.mark.parametrize(
    "before", ["jane,john ", 'jane namespaces="git,file" ', "*@site.org ", "!mallory,j* "]
)
def test_allowed_signers_mean_what_ssh_keygen_means(before, version, tmp_path):
    key = write_key(tmp_path)
    sign_version(version, key)
    path = tmp_path / "allowed"
    path.write_text(f"# who may sign\n\n{before}{key.with_suffix('.pub').read_text()}", encoding="utf-8")
    said, faults = check_signature(version, path)
    assert faults == []
    assert said.startswith("Signed by ")


@pytest.mark.parametrize("before", ['jane namespaces="git" ', 'jane valid-before="20000101" ', "!jane "])
def test_a_signer_who_may_not_is_a_fault(before, version, tmp_path):
    key = write_key(tmp_path)
    sign_version(version, key)
    path = tmp_path / "allowed"
    path.write_text(f"{before}{key.with_suffix('.pub').read_text()}", encoding="utf-8")
    assert len(check_signature(version, path)[1]) == 1


def test_a_signature_for_another_purpose_is_refused(version, tmp_path):
    command = [SSH_KEYGEN, "-q", "-Y", "sign", "-n", "git", "-f", write_key(tmp_path)]
    made = subprocess.run(command, input=(version / SUMS).read_bytes(), capture_output=True, check=True)
    (version / SIGNATURE).write_bytes(made.stdout)
    assert len(check_signature(version, None)[1]) == 1


def test_without_ssh_keygen_the_message_says_what_to_install(version, tmp_path, monkeypatch):
    key = write_key(tmp_path)
    sign_version(version, key)
    monkeypatch.setenv("PATH", str(tmp_path))
    for use in (lambda: sign_version(version, key), lambda: check_signature(version, None)):
        with pytest.raises(SignatureError, match=r"isn't on the PATH\. Install OpenSSH's client"):
            use()


def test_the_command_line_signs_and_verifies(version, tmp_path):
    key = write_key(tmp_path)
    signed = run_itpcsr(tmp_path, "sign", str(version), "--key", str(key))
    assert signed.returncode == 0, signed.stderr
    good = run_itpcsr(tmp_path, "verify", str(version), "--signer", f"{key}.pub")
    assert good.returncode == 0, good.stderr
    assert "Signed by jane@site, SHA256:" in good.stderr
    missing = run_itpcsr(tmp_path, "verify", str(version), "--signer", str(tmp_path / "nobody"))
    assert missing.returncode == 1
    assert "nobody" in missing.stderr
