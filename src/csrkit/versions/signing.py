"""Sign a published version and check its signature, which stands beside ``SHA256SUMS`` and covers it.

``SHA256SUMS`` holds the hash of every other file, so its signature covers the whole version. The signature is
the only file that may join a version later; a draft that is built again loses it with what it covered.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from csrkit.bounds import Bounds, read_bytes
from csrkit.errors import SignatureError
from csrkit.versions import sshsig
from csrkit.versions.published import SIGNATURE, SUMS, Fault
from csrkit.versions.signers import read_signers
from csrkit.versions.verify import verify


def sign_version(folder: Path, key: Path, ask: Callable[[], str]) -> str:
    """Write ``SHA256SUMS.sig`` into a published version and return the fingerprint of the key.

    ``ask`` gives the passphrase of an encrypted key. A version that isn't as it was published isn't signed
    (SignatureError names its faults). The folder of a final version is opened for this one file.
    """
    private = sshsig.read_private_key(key, ask)
    if faults := verify(folder):
        lines = "\n".join(f"  {fault.file}: {fault.problem}" for fault in faults)
        raise SignatureError(f"{folder}: isn't as it was published; nothing was signed.\n{lines}")
    message = (folder / SUMS).read_bytes()
    signature = sshsig.sign(message, private)
    _write_beside(folder, signature)
    return sshsig.fingerprint(sshsig.verify(message, signature))


def _write_beside(folder: Path, signature: str) -> None:
    """Write the signature whole or not at all, with the folder's rights as they were."""
    rights = folder.stat().st_mode
    partial = folder.with_name(f".{folder.name}.sig")
    partial.write_text(signature, encoding="ascii")
    partial.chmod((folder / SUMS).stat().st_mode)
    try:
        folder.chmod(rights | 0o200)
        partial.replace(folder / SIGNATURE)
    finally:
        folder.chmod(rights)
        partial.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    return read_bytes(path, Bounds(), SignatureError)


def check_signature(folder: Path, signers: Path | None) -> tuple[str, list[Fault]]:
    """Return who signed a version, in words, and what is wrong with the signature.

    Without ``signers`` (a public key or an allowed signers file) a signature is only held to be one of this
    version by its own key; the words then say so. A version needs no signature unless signers are given.
    """
    path = folder / SIGNATURE
    if not path.exists():
        return "", [Fault(SIGNATURE, "is missing: the version isn't signed")] if signers else []
    known = {signer.blob: signer.name for signer in read_signers(signers)} if signers else {}
    try:
        message, armoured = (_read(file) for file in (folder / SUMS, path))
        blob = sshsig.verify(message, armoured.decode("ascii", "replace"))
    except SignatureError as error:
        return "", [Fault(SIGNATURE, str(error))]
    mark = sshsig.fingerprint(blob)
    if signers is None:
        return f"Signed by a key that wasn't checked, {mark}: name who may sign by --signer.", []
    if blob not in known:
        return "", [Fault(SIGNATURE, f"is by the key {mark}, which {signers} doesn't name")]
    return f"Signed by {known[blob]}, {mark}.", []
