"""Detached signatures in the form of ``ssh-keygen -Y sign``: anyone can check them without this program.

The form is described in PROTOCOL.sshsig of OpenSSH. Keys are Ed25519, ECDSA or RSA; keys on security tokens
and certificates are left to ``ssh-keygen`` itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from csrkit.bounds import Bounds, read_bytes
from csrkit.errors import SignatureError

NAMESPACE = "file"  # what ssh-keygen calls signatures of files in general
_MAGIC, _VERSION = b"SSHSIG", 1
_HEAD, _FOOT = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70
_BOUNDS = Bounds(size=10_000_000)  # keys are short
_RSA = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_CURVES = {"nistp256": hashes.SHA256(), "nistp384": hashes.SHA384(), "nistp521": hashes.SHA512()}
KEY_TYPES = ("ssh-ed25519", "ssh-rsa", *(f"ecdsa-sha2-{curve}" for curve in _CURVES))

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def read_private_key(path: Path, ask: Callable[[], str]) -> PrivateKey:
    """Return an SSH private key; ``ask`` gives the passphrase where the file is encrypted.

    Raises SignatureError where the file holds no such key, or the passphrase is wrong.
    """
    content = read_bytes(path, _BOUNDS, SignatureError)
    read: Callable[..., Any]
    read = serialization.load_ssh_private_key if b"OPENSSH" in content else serialization.load_pem_private_key
    try:
        key = read(content, None)
    except TypeError:
        key = _decrypt(path, read, content, ask)
    except (ValueError, UnsupportedAlgorithm) as error:
        if path.suffix == ".pub" or content.startswith(b"ssh-"):
            raise SignatureError(f"{path}: is the public key; sign with the private one.") from None
        raise SignatureError(f"{path}: is no private key that can be read ({error}).") from None
    if not isinstance(key, PrivateKey):
        raise SignatureError(f"{path}: keys of this kind can't sign; take Ed25519, ECDSA or RSA.")
    return key


def _decrypt(path: Path, read: Callable[..., Any], content: bytes, ask: Callable[[], str]) -> Any:
    if read is serialization.load_ssh_private_key and find_spec("bcrypt") is None:
        raise SignatureError(
            f"{path}: has a passphrase, which needs the package bcrypt. Install it, or sign by\n"
            f"  ssh-keygen -Y sign -n {NAMESPACE} -f {path} SHA256SUMS\n"
            "in the version's folder, which writes the same signature."
        )
    try:
        return read(content, ask().encode())
    except (ValueError, TypeError):
        raise SignatureError(f"{path}: the passphrase is wrong.") from None


def sign(message: bytes, key: PrivateKey) -> str:
    """Return the armoured signature of a message, as ``ssh-keygen -Y sign -n file`` makes it."""
    name, signature = _sign(key, _to_be_signed(NAMESPACE.encode(), b"sha512", message))
    parts = (
        _blob_of(key.public_key()),
        NAMESPACE.encode(),
        b"",
        b"sha512",
        _string(name) + _string(signature),
    )
    body = _MAGIC + struct.pack(">I", _VERSION) + b"".join(map(_string, parts))
    text = base64.b64encode(body).decode("ascii")
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return "\n".join((_HEAD, *lines, _FOOT, ""))


def verify(message: bytes, armoured: str) -> bytes:
    """Return the bytes of the public key that signed the message; SignatureError when none did."""
    blob, namespace, hash_name, name, signature = _read_signature(armoured)
    if namespace != NAMESPACE.encode():
        raise SignatureError(f"is a signature for {namespace.decode(errors='replace')!r}, not for a file")
    if hash_name not in (b"sha256", b"sha512"):
        raise SignatureError("is a signature by a hash that isn't known")
    if (kind := _key_type(blob).decode(errors="replace")) not in KEY_TYPES:
        raise SignatureError(f"is by a key of the kind {kind!r}, which isn't checked here; use ssh-keygen")
    try:
        key = serialization.load_ssh_public_key(_key_type(blob) + b" " + base64.b64encode(blob))
        _verify(key, name, signature, _to_be_signed(namespace, hash_name, message))
    except InvalidSignature:
        raise SignatureError("isn't the signature of this file") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"is by a key that can't be checked here ({error}); use ssh-keygen") from None
    return blob


def fingerprint(blob: bytes) -> str:
    """Return a public key's fingerprint as ``ssh-keygen -l`` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


def _to_be_signed(namespace: bytes, hash_name: bytes, message: bytes) -> bytes:
    digest = hashlib.new(hash_name.decode("ascii"), message).digest()
    return _MAGIC + b"".join(map(_string, (namespace, b"", hash_name, digest)))


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _strings(content: bytes, number: int) -> list[bytes]:
    """Return so many strings that follow each other; SignatureError where they don't fill the content."""
    found = []
    for _ in range(number):
        size = int.from_bytes(content[:4], "big")
        if len(content) < 4 + size:
            raise SignatureError("is no whole signature")
        found.append(content[4 : 4 + size])
        content = content[4 + size :]
    if content:
        raise SignatureError("is no whole signature")
    return found


def _read_signature(armoured: str) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Return public key, namespace, name of the hash, name of the algorithm and the bare signature."""
    match = re.fullmatch(rf"\s*{_HEAD}(.*){_FOOT}\s*", armoured, re.DOTALL)
    try:
        body = base64.b64decode("".join(match[1].split()), validate=True) if match else b""
    except binascii.Error:
        body = b""
    start = _MAGIC + struct.pack(">I", _VERSION)
    if not body.startswith(start):
        raise SignatureError("is no signature as ssh-keygen makes them")
    blob, namespace, _, hash_name, signature = _strings(body.removeprefix(start), 5)
    name, bare = _strings(signature, 2)
    return blob, namespace, hash_name, name, bare


def _key_type(blob: bytes) -> bytes:
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")]


def _blob_of(key: PublicKey) -> bytes:
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def _sign(key: PrivateKey, content: bytes) -> tuple[bytes, bytes]:
    """Return the name of the algorithm and the signature as SSH writes it."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b"ssh-ed25519", key.sign(content)
    if isinstance(key, rsa.RSAPrivateKey):
        return b"rsa-sha2-512", key.sign(content, padding.PKCS1v15(), _RSA[b"rsa-sha2-512"])
    name = _key_type(_blob_of(key.public_key()))
    numbers = utils.decode_dss_signature(key.sign(content, ec.ECDSA(_curve_hash(name))))
    return name, b"".join(_string(_integer(number)) for number in numbers)


def _verify(key: object, name: bytes, signature: bytes, content: bytes) -> None:
    if isinstance(key, ed25519.Ed25519PublicKey) and name == b"ssh-ed25519":
        key.verify(signature, content)
    elif isinstance(key, rsa.RSAPublicKey) and name in _RSA:
        key.verify(signature, content, padding.PKCS1v15(), _RSA[name])
    elif isinstance(key, ec.EllipticCurvePublicKey) and name == _key_type(_blob_of(key)):
        r, s = (int.from_bytes(part, "big") for part in _strings(signature, 2))
        key.verify(utils.encode_dss_signature(r, s), content, ec.ECDSA(_curve_hash(name)))
    else:
        raise InvalidSignature


def _curve_hash(name: bytes) -> hashes.HashAlgorithm:
    return _CURVES[name.decode("ascii").rsplit("-", 1)[-1]]


def _integer(number: int) -> bytes:
    """Return a number as SSH writes it: with a sign, in no more bytes than it takes."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
