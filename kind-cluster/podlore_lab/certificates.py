"""A small certificate authority of one lab: serving and client certificates, and the service accounts' signing key.

Everything lives in the lab's folder and ends with it; nothing is trusted outside of it.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALIDITY = timedelta(days=30)
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates into a folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     admin = Authority(Path(folder)).client("admin", "kubernetes-admin", groups=["system:masters"])
    ...     admin.certificate.read_text().splitlines()[0]
    '-----BEGIN CERTIFICATE-----'
    """

    def __init__(self, folder: Path, name: str = "podlore-lab") -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name(name, ())
        builder = _builder(self._subject, self._subject, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(_KEY_USAGE_AUTHORITY, critical=True)
        self.pair = _write(folder, "ca", builder.sign(self._key, hashes.SHA256()), self._key)

    def client(self, file: str, user: str, *, groups: list[str] | None = None) -> KeyPair:
        """Issue a certificate that makes its bearer this user, in these groups."""
        return self._issue(file, _name(user, tuple(groups or ())), [ExtendedKeyUsageOID.CLIENT_AUTH], [])

    def server(self, file: str, *, names: list[str] | None = None, addresses: list[str] | None = None) -> KeyPair:
        """Issue a serving certificate, good as a client's too, for loopback and further names and addresses."""
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in ("localhost", *(names or ()))]
        alternatives += [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", *(addresses or ()))]
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return self._issue(file, _name(file, ()), usages, alternatives)

    def signing_key(self, file: str) -> KeyPair:
        """Make a key pair that signs tokens; ``certificate`` holds the bare public key."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        pair = KeyPair(self.folder / f"{file}.pub", self.folder / f"{file}.key")
        pair.certificate.write_bytes(public)
        _write_key(pair.key, key)
        return pair

    def _issue(
        self,
        file: str,
        subject: x509.Name,
        usages: list[x509.ObjectIdentifier],
        alternatives: list[x509.GeneralName],
    ) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._subject, key).add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return _write(self.folder, file, builder.sign(self._key, hashes.SHA256()), key)


_KEY_USAGE_AUTHORITY = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _name(common_name: str, groups: tuple[str, ...]) -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALIDITY)
    )


def _write(folder: Path, file: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    pair = KeyPair(folder / f"{file}.crt", folder / f"{file}.key")
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(pair.key, key)
    return pair


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
