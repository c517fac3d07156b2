"""A version is signed by an SSH key: ssh-keygen accepts our signatures, and we accept those of ssh-keygen."""

import base64
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from csrkit.errors import SignatureError
from csrkit.publish import staging
from csrkit.versions import signers, sshsig
from csrkit.versions.published import SIGNATURE, SUMS
from csrkit.versions.signing import check_signature, sign_version
from csrkit.versions.verify import verify
from tests.build import made_up
from tests.build.conftest import run_itpcsr

MAKERS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "nistp256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "nistp384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "nistp521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


def write_key(folder, kind="ed25519", passphrase=None, form=serialization.PrivateFormat.OpenSSH):
    """Write a private key and its public key; return the private one's path."""
    key = MAKERS[kind]()
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    path = folder / f"key-{kind}"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, lock))
    path.chmod(0o600)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public + b" jane@site\n")
    return path


def never():
    raise AssertionError("nobody should be asked for a passphrase")


@pytest.fixture
def version(root, tmp_path):
    return made_up.publish_small(root, tmp_path / "work", tmp_path / "output")


@pytest.fixture
def ssh_keygen():
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen, the outside witness of signatures, isn't on the PATH")
    return program


@pytest.mark.parametrize("kind", MAKERS)
def test_ssh_keygen_accepts_our_signature_and_we_accept_its(kind, version, tmp_path, ssh_keygen):
    key = write_key(tmp_path, kind)
    sign_version(version, key, never)
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(f"jane@site {key.with_suffix('.pub').read_text()}", encoding="utf-8")
    command = [
        ssh_keygen,
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
    (version / SIGNATURE).unlink()
    subprocess.run(
        [ssh_keygen, "-q", "-Y", "sign", "-n", "file", "-f", key, version / SUMS],
        check=True,
        capture_output=True,
    )
    said, faults = check_signature(version, allowed)
    assert faults == []
    assert said.startswith("Signed by jane@site, SHA256:")


def test_the_same_key_makes_the_same_signature_as_ssh_keygen(version, tmp_path, ssh_keygen):
    """Ed25519 signatures are determined: the files of both programs are the same to the byte."""
    key = write_key(tmp_path)
    sign_version(version, key, never)
    command = [ssh_keygen, "-q", "-Y", "sign", "-n", "file", "-f", key]
    made = subprocess.run(command, input=(version / SUMS).read_bytes(), capture_output=True, check=True)
    assert made.stdout.decode() == (version / SIGNATURE).read_text(encoding="ascii")


def test_ssh_keygen_prints_the_same_fingerprint(tmp_path, ssh_keygen):
    public = write_key(tmp_path).with_suffix(".pub")
    printed = subprocess.run([ssh_keygen, "-l", "-f", public], capture_output=True, text=True, check=True)
    assert sshsig.fingerprint(signers.read_signers(public)[0].blob) in printed.stdout


@pytest.mark.parametrize("status", ["draft", "final"])
def test_a_signed_version_verifies_and_keeps_its_rights(root, tmp_path, status):
    folder = made_up.publish_small(root, tmp_path / "work", tmp_path / "output", status=status)
    before = folder.stat().st_mode
    key = write_key(tmp_path)
    mark = sign_version(folder, key, never)
    assert folder.stat().st_mode == before
    assert (folder / SIGNATURE).stat().st_mode == (folder / SUMS).stat().st_mode
    assert verify(folder) == []
    assert check_signature(folder, key.with_suffix(".pub")) == (f"Signed by jane@site, {mark}.", [])
    assert f"wasn't checked, {mark}" in check_signature(folder, None)[0]
    assert [path.name for path in folder.parent.iterdir() if path.name.endswith(".sig")] == []
    staging.remove(folder)  # so that the folder of the test can be removed


def test_changed_checksums_break_the_signature(version, tmp_path):
    key = write_key(tmp_path)
    sign_version(version, key, never)
    with (version / SUMS).open("a", encoding="utf-8") as stream:
        stream.write("\n")
    for who in (key.with_suffix(".pub"), None):
        _, faults = check_signature(version, who)
        assert [fault.problem for fault in faults] == ["isn't the signature of this file"]


def test_another_signer_and_no_signature_are_faults(version, tmp_path):
    key = write_key(tmp_path)
    (tmp_path / "other").mkdir()
    public = write_key(tmp_path / "other").with_suffix(".pub")
    assert check_signature(version, None) == ("", [])
    assert [fault.problem for fault in check_signature(version, public)[1]] == [
        "is missing: the version isn't signed"
    ]
    sign_version(version, key, never)
    (fault,) = check_signature(version, public)[1]
    assert "is by the key SHA256:" in fault.problem
    assert f"which {public} doesn't name" in fault.problem


def test_a_changed_version_is_not_signed(version, tmp_path):
    (version / "findings.csv").write_text("x", encoding="utf-8")
    with pytest.raises(SignatureError, match=r"(?s)nothing was signed.*findings\.csv: has changed"):
        sign_version(version, write_key(tmp_path), never)
    assert not (version / SIGNATURE).exists()


def test_an_encrypted_key_asks_for_its_passphrase(tmp_path):
    key = write_key(tmp_path, "rsa", b"secret", serialization.PrivateFormat.TraditionalOpenSSL)
    read = sshsig.read_private_key(key, lambda: "secret")
    assert sshsig.verify(b"x", sshsig.sign(b"x", read))
    with pytest.raises(SignatureError, match="the passphrase is wrong"):
        sshsig.read_private_key(key, lambda: "secrets")


def test_an_encrypted_key_of_openssh_says_what_it_needs(tmp_path, monkeypatch, ssh_keygen):
    path = tmp_path / "key"
    subprocess.run([ssh_keygen, "-q", "-t", "ed25519", "-N", "secret", "-f", path], check=True)
    monkeypatch.setattr(sshsig, "find_spec", lambda name: None)
    with pytest.raises(SignatureError, match=r"(?s)needs the package bcrypt.*ssh-keygen -Y sign -n file -f"):
        sshsig.read_private_key(path, never)


def test_what_is_no_key_for_signing_is_said(tmp_path):
    key = write_key(tmp_path)
    with pytest.raises(SignatureError, match="is the public key; sign with the private one"):
        sshsig.read_private_key(key.with_suffix(".pub"), never)
    path = tmp_path / "text"
    path.write_text("words", encoding="utf-8")
    with pytest.raises(SignatureError, match="is no private key that can be read"):
        sshsig.read_private_key(path, never)
    other = dsa.generate_private_key(1024)
    path.write_bytes(
        other.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(SignatureError, match="keys of this kind can't sign"):
        sshsig.read_private_key(path, never)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('jane valid-before="20300101" {key}', 'valid-before="20300101" can\'t be followed here'),
        ('jane cert-authority,namespaces="file" {key}', "can't be followed here"),
        ('jane namespaces="git" {key}', "can't be followed here"),
        ("jane ssh-dss AAAA", "holds no key of a known kind"),
        ("jane ssh-ed25519 AAA", "the key isn't whole"),
        ("# nobody", "names no key"),
        ("  # jane {key}", "names no key"),
        ('jane\tvalid-before="20300101"\t{key}', "can't be followed here"),
        ("!mallory {key}", "names no key of anybody"),
        ("!mallory,!* {key}", "names no key of anybody"),
        ("jane,!j* {key}", "names no key of anybody"),
        ("*,!* {key}", "names no key of anybody"),
        ("*@x,!*@? {key}", "names no key of anybody"),
    ],
)
def test_a_line_of_the_signers_that_cannot_be_followed_is_refused(line, message, tmp_path):
    key = write_key(tmp_path).with_suffix(".pub").read_text(encoding="utf-8").rsplit(" ", 1)[0]
    path = tmp_path / "allowed"
    path.write_text(line.format(key=key) + "\n", encoding="utf-8")
    with pytest.raises(SignatureError, match=message):
        signers.read_signers(path)


@pytest.mark.parametrize("before", ["", "jane,john ", 'jane namespaces="git,file" ', "*@site.org "])
def test_signers_are_read_as_public_key_or_allowed_signers(before, tmp_path):
    public = write_key(tmp_path).with_suffix(".pub")
    path = tmp_path / "allowed"
    path.write_text(f"# who may sign\n\n{before}{public.read_text(encoding='utf-8')}", encoding="utf-8")
    (signer,) = signers.read_signers(path)
    assert signer == signers.Signer(before.split(" ")[0] or "jane@site", signers.read_signers(public)[0].blob)


@pytest.mark.parametrize("line", ["*,!mallory", "jane,!mallory", "*@x,!m?@x", "??,!?"])
def test_an_exception_leaves_the_others(line, tmp_path):
    public = write_key(tmp_path).with_suffix(".pub").read_text(encoding="utf-8")
    path = tmp_path / "allowed"
    path.write_text(f"{line} {public}", encoding="utf-8")
    assert [signer.name for signer in signers.read_signers(path)] == [line.split(",")[0]]


PATTERNS = ("jane", "!jane", "*", "*@x", "*@x,!mallory@*", "!mallory@*,*@x", "*,!*", "j?ne,john", "j?n", "JANE",
            "jane,", "!*,jane", "*a*,!*ory*", "jane@x,!jane@y", "[j]ane", "ja.e")  # fmt: skip


@pytest.mark.parametrize("patterns", PATTERNS)
def test_patterns_of_names_mean_what_ssh_keygen_means(patterns, tmp_path, ssh_keygen):
    public = write_key(tmp_path).with_suffix(".pub").read_text(encoding="utf-8")
    path = tmp_path / "allowed"
    path.write_text(f"{patterns} {public}", encoding="utf-8")
    for name in ("jane", "john", "mallory@x", "jane@x", "jane@y", "ja.e", "x"):
        command = [ssh_keygen, "-Y", "match-principals", "-I", name, "-f", str(path)]
        found = subprocess.run(command, capture_output=True, check=False).returncode == 0
        assert signers.matches_principal(name, patterns) == found, name


def test_what_is_no_signature_is_said(tmp_path):
    key = sshsig.read_private_key(write_key(tmp_path), never)
    whole = sshsig.sign(b"x", key)
    for text in ("", "words", whole[:80] + whole[-30:], whole.replace("U1NIU0lH", "U1NIU0lI")):
        with pytest.raises(SignatureError, match=r"is no (whole )?signature"):
            sshsig.verify(b"x", text)
    with pytest.raises(SignatureError, match="isn't the signature of this file"):
        sshsig.verify(b"y", whole)


def test_a_signature_of_a_security_token_is_left_to_ssh_keygen(tmp_path):
    """Its bytes are those of a usual one, but it signs more than the message."""
    whole = sshsig.sign(b"x", sshsig.read_private_key(write_key(tmp_path), never))
    body = base64.b64decode("".join(whole.splitlines()[1:-1]))
    size, kind = len(b"ssh-ed25519") + 4 + 32 + 4, b"sk-ssh-ed25519@openssh.com"
    blob = sshsig._string(kind) + body[14 + 4 + 11 : 14 + size]
    text = base64.b64encode(body[:10] + sshsig._string(blob) + body[14 + size :]).decode("ascii")
    with pytest.raises(SignatureError, match=r"kind 'sk-ssh-ed25519@openssh\.com', which isn't checked here"):
        sshsig.verify(b"x", f"{whole.splitlines()[0]}\n{text}\n{whole.splitlines()[-1]}\n")


def test_a_signature_for_another_purpose_is_refused(tmp_path, ssh_keygen):
    key = write_key(tmp_path)
    made = subprocess.run(
        [ssh_keygen, "-q", "-Y", "sign", "-n", "git", "-f", key], input=b"x", capture_output=True, check=True
    )
    with pytest.raises(SignatureError, match="is a signature for 'git', not for a file"):
        sshsig.verify(b"x", made.stdout.decode())


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
