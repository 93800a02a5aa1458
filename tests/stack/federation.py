"""Two real Synapses that federate over TLS on the loopback interface, by a certificate authority of their own."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.stack.ports import free_tcp_port
from tests.stack.synapse import SynapseServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

HOST = "localhost"


@dataclass(frozen=True)
class Federation:
    """The homeserver that knows the bot, and another one."""

    home: SynapseServer
    away: SynapseServer


@dataclass(frozen=True)
class _Certificates:
    authority: Path
    certificate: Path
    key: Path


@asynccontextmanager
async def running_federation(
    folder: Path, registrations_for: Callable[[str], Sequence[Path]]
) -> AsyncIterator[Federation]:
    """Both, answering. They know nothing of Tchap's room rules, and make rooms of version 12.

    Args:
        folder: Where each keeps its configuration, data and log.
        registrations_for: Is told the server name of the first, and gives its appservices' registration files.
    """
    certificates = _make_certificates(folder / "certificates")
    ports = [free_tcp_port(), free_tcp_port()]
    registrations = [registrations_for(f"{HOST}:{ports[0]}"), ()]
    async with AsyncExitStack() as stop:
        servers = []
        for name, port, files in zip(("home", "away"), ports, registrations, strict=True):
            server = SynapseServer(
                folder / name,
                server_name=f"{HOST}:{port}",
                registrations=files,
                settings=_settings(certificates),
                listeners=[_listener(port)],
            )
            stop.push_async_callback(server.stop)
            await server.start()
            servers.append(server)
        yield Federation(*servers)


def _listener(port: int) -> dict[str, Any]:
    return {
        "type": "http",
        "tls": True,
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "resources": [{"names": ["federation"]}],
    }


def _settings(certificates: _Certificates) -> dict[str, Any]:
    unlimited = {"window_size": 1000, "sleep_limit": 10_000, "reject_limit": 10_000, "concurrent": 100}
    return {
        "modules": [],
        "default_room_version": "12",
        "tls_certificate_path": str(certificates.certificate),
        "tls_private_key_path": str(certificates.key),
        "federation_custom_ca_list": [str(certificates.authority)],
        "federation_domain_whitelist": None,
        "ip_range_blacklist": [],  # by default nobody may be on the loopback interface
        "rc_federation": unlimited,
    }


def _make_certificates(folder: Path) -> _Certificates:
    """A certificate for the host that both servers run on, and the authority that says so."""
    folder.mkdir(parents=True)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Greffier's tests")
    authority = _certificate(authority_name, authority_name, authority_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    leaf = _certificate(_name(HOST), authority_name, key.public_key())
    leaf = leaf.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    files = _Certificates(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    for builder, file in ((authority, files.authority), (leaf, files.certificate)):
        signed = builder.sign(authority_key, hashes.SHA256())
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
