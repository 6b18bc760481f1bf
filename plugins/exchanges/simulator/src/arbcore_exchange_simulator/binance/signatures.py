"""Signatures of Binance's requests: HMAC-SHA256, RSA and Ed25519 (Binance developer documentation, 2026-11)."""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")


def is_valid(payload: str, signature: str, secret: str, public_key: str) -> bool:
    """Whether a signature belongs to a payload.

    Args:
        payload: What was signed, as it was sent and without the signature.
        signature: Hexadecimal for HMAC (in either case), base64 for key pairs; percent-decoded.
        secret: Secret of an HMAC key.
        public_key: PEM of a key pair's public half; empty for an HMAC key.
    """
    if not public_key:
        made = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return _HEX.fullmatch(signature) is not None and hmac.compare_digest(made, signature.lower())
    try:
        told = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return _verified(payload.encode(), told, public_key)


def _verified(payload: bytes, signature: bytes, public_key: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(public_key.encode())
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, payload)
        elif isinstance(key, RSAPublicKey):
            key.verify(signature, payload, PKCS1v15(), SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def is_ed25519(public_key: str) -> bool:
    """Whether a public key is one of Ed25519: a session can only be logged on with such a key."""
    if not public_key:
        return False
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return isinstance(load_pem_public_key(public_key.encode()), Ed25519PublicKey)
