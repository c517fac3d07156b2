"""Sign a published version and check its signature, which stands beside ``SHA256SUMS`` and covers it.

``SHA256SUMS`` holds the hash of every other file, so its signature covers the whole version. The signature is
the only file that may join a version later; a draft that is built again loses it with what it covered.
OpenSSH's ``ssh-keygen`` signs and checks: its rules on keys, passphrases, tokens and allowed signers hold.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from csrkit.bounds import Bounds, read_bytes
from csrkit.errors import SignatureError
from csrkit.versions.published import SIGNATURE, SUMS, Fault
from csrkit.versions.verify import verify

_NAMESPACE = "file"  # what ssh-keygen signs for: a signature of a file isn't one of a commit
_BOUNDS = Bounds(size=10_000_000)  # a list of signers is short
_MARK = re.compile(r"SHA256:\S+")
_PUBLIC = re.compile(r"(?:ssh|ecdsa|sk)-\S+\s+\S+\s*(?P<comment>.*)")


def sign_version(folder: Path, key: Path) -> str:
    """Write ``SHA256SUMS.sig`` into a published version and return the fingerprint of the key.

    ``key`` is what ``ssh-keygen`` signs by: a private key, whose passphrase it asks for, or the public key of
    one that an agent or a token holds. A version that isn't as it was published isn't signed. The folder of a
    final version is opened for this one file.

    Raises
    ------
    SignatureError
        ``ssh-keygen`` isn't there or refuses the key, in its words; or the version has faults, each named.
    """
    if not key.is_file():
        raise SignatureError(f"{key}: there is no such key.")
    if faults := verify(folder):
        lines = "\n".join(f"  {fault.file}: {fault.problem}" for fault in faults)
        raise SignatureError(f"{folder}: isn't as it was published; nothing was signed.\n{lines}")
    message = (folder / SUMS).read_bytes()
    made = _run("sign", "-q", "-f", str(key), message=message)
    if made.returncode:
        raise SignatureError(f"{key}: ssh-keygen doesn't sign by it ({_words(made)}). Nothing was signed.")
    _write_beside(folder, made.stdout)
    return _fingerprint(folder)


def check_signature(folder: Path, signers: Path | None) -> tuple[str, list[Fault]]:
    """Return who signed a version, in words, and what is wrong with the signature.

    Without ``signers`` (a public key or an allowed signers file) a signature is only held to be one of this
    version by its own key; the words then say so. A version needs no signature unless signers are given.

    Raises
    ------
    SignatureError
        ``ssh-keygen`` isn't there, or ``signers`` can't be read.
    """
    if not (folder / SIGNATURE).exists():
        return "", [Fault(SIGNATURE, "is missing: the version isn't signed")] if signers else []
    try:
        mark = _fingerprint(folder)
    except SignatureError as error:
        if shutil.which("ssh-keygen") is None:
            raise
        return "", [Fault(SIGNATURE, str(error))]
    if signers is None:
        return f"Signed by a key that wasn't checked, {mark}: name who may sign by --signer.", []
    with tempfile.TemporaryDirectory(prefix="itpcsr-") as place:
        allowed, name = _allowed(signers, Path(place))
        return _check_signer(folder, allowed, name, mark, signers)


def _check_signer(
    folder: Path, allowed: Path, name: str, mark: str, signers: Path
) -> tuple[str, list[Fault]]:
    signature = ("-s", str(folder / SIGNATURE), "-f", str(allowed))
    found = _run("find-principals", *signature)
    # one pattern of names a line; those that exclude somebody begin with !
    named = [line for line in found.stdout.decode().splitlines() if line and not line.startswith("!")]
    if found.returncode or not named:
        return "", [Fault(SIGNATURE, f"is by the key {mark}, which {signers} doesn't name")]
    message = (folder / SUMS).read_bytes()
    checked = _run("verify", *signature, "-I", named[0], message=message)
    if checked.returncode:
        return "", [Fault(SIGNATURE, f"isn't accepted by {signers} ({_words(checked)})")]
    return f"Signed by {name or ','.join(named)}, {mark}.", []


def _allowed(signers: Path, place: Path) -> tuple[Path, str]:
    """Return an allowed signers file, and the name of its one signer where a public key was given."""
    text = read_bytes(signers, _BOUNDS, SignatureError).decode("utf-8", "replace").strip()
    public = _PUBLIC.fullmatch(text)
    if public is None:
        return signers, ""
    allowed = place / "allowed_signers"
    allowed.write_text(f"signer {text}\n", encoding="utf-8")
    return allowed, public["comment"] or str(signers)


def _fingerprint(folder: Path) -> str:
    """Return the fingerprint of the key that signed. Raises SignatureError for what is no signature of it."""
    message = (folder / SUMS).read_bytes()
    checked = _run("check-novalidate", "-s", str(folder / SIGNATURE), message=message)
    mark = _MARK.search(checked.stdout.decode())
    if checked.returncode or mark is None:
        raise SignatureError(f"isn't the signature of this file ({_words(checked)})")
    return mark.group()


def _run(action: str, *options: str, message: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise SignatureError(
            "ssh-keygen, which signs versions and checks signatures, isn't on the PATH. Install OpenSSH's "
            "client."
        )
    namespace = () if action == "find-principals" else ("-n", _NAMESPACE)
    command = [program, "-Y", action, *namespace, *options]
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, input=message or b"", capture_output=True, check=False, env=environment)


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what ssh-keygen said, on one line."""
    said = (done.stderr + done.stdout).decode("utf-8", "replace").split("\n")
    return "; ".join(line.strip().rstrip(".") for line in said if line.strip())


def _write_beside(folder: Path, signature: bytes) -> None:
    """Write the signature whole or not at all, with the folder's rights as they were."""
    rights = folder.stat().st_mode
    partial = folder.with_name(f".{folder.name}.sig")
    partial.write_bytes(signature)
    partial.chmod((folder / SUMS).stat().st_mode)
    try:
        folder.chmod(rights | 0o200)
        partial.replace(folder / SIGNATURE)
    finally:
        folder.chmod(rights)
        partial.unlink(missing_ok=True)
