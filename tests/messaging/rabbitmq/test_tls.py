"""Encryption with files of both kinds, against a broker that wants a certificate."""

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError

PREFIX = "net.roboconf.messaging.rabbitmq.ssl."
ONE = Context.agent(application="shop", instance="/one")
SECRET = "opens-it"


class Authority:
    """Signs certificates, and writes them to files."""

    def __init__(self, directory, name):
        self._directory = directory
        self.name = name
        self.key, self.certificate = self._signed(name, None)
        self.pem = self._write("pem", _pem(self.certificate))

    def _signed(self, name, authority):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        alternatives = [
            x509.DNSName(name),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority.certificate.subject if authority else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(
                x509.BasicConstraints(authority is None, None), critical=True
            )
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        )
        return key, builder.sign(authority.key if authority else key, hashes.SHA256())

    def issue(self, name):
        return self._signed(name, self)

    def _write(self, suffix, content):
        path = self._directory / f"{self.name}.{suffix}"
        path.write_bytes(content)
        return path

    def write_pem(self, name, passphrase=None):
        """A certificate with its key in one file."""
        key, certificate = self.issue(name)
        encryption = (
            serialization.BestAvailableEncryption(passphrase.encode())
            if passphrase
            else serialization.NoEncryption()
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            encryption,
        )
        path = self._directory / f"{name}-of-{self.name}.pem"
        path.write_bytes(private + _pem(certificate))
        return path

    def write_pkcs12(self, name):
        """The same as a PKCS12 file."""
        key, certificate = self.issue(name)
        encryption = serialization.BestAvailableEncryption(SECRET.encode())
        path = self._directory / f"{name}-of-{self.name}.p12"
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(
                name.encode(), key, certificate, [self.certificate], encryption
            )
        )
        return path

    def write_trust_store(self):
        """Its own certificate, as keytool writes it into a PKCS12 file."""
        encryption = serialization.BestAvailableEncryption(SECRET.encode())
        certificate = pkcs12.PKCS12Certificate(self.certificate, self.name.encode())
        content = pkcs12.serialize_java_truststore([certificate], encryption)
        return self._write("p12", content)


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    """An authority that nobody believes."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture(scope="session")
def tls_broker(new_broker, authority):
    server = authority.write_pem("localhost")
    return new_broker(
        "second",
        "listeners.ssl.1 = 127.0.0.1:{tls_port}\n"
        f"ssl_options.cacertfile = {authority.pem}\n"
        f"ssl_options.certfile = {server}\n"
        f"ssl_options.keyfile = {server}\n"
        "ssl_options.verify = verify_peer\n"
        "ssl_options.fail_if_no_peer_cert = true\n"
        "ssl_options.versions.1 = tlsv1.2\n",
    )


@pytest.fixture(scope="session")
def tls_host(tls_broker, new_virtual_host):
    return new_virtual_host(tls_broker)


@pytest.fixture
def new_tls_client(new_client, tls_host, authority):
    """Make a client that would be let in, but for these properties."""

    def make(host="127.0.0.1", **others):
        ssl = {
            "use": "true",
            "trust.store.path": str(authority.pem),
            "key.store.path": str(authority.write_pem("client")),
            **others,
        }
        ssl = {f"{PREFIX}{key}": value for key, value in ssl.items()}
        where = f"{host}:{tls_host.broker.tls_port}"
        return new_client(ONE, tls_host, **{"message-server-ip": where, **ssl})

    return make


def failure_of(client):
    with pytest.raises(LinkError) as caught:
        client.open(ONE)
    assert SECRET not in str(caught.value)
    return caught.value


def exchange(client):
    client.start(ONE)
    client.send(ONE, b"secretly")
    assert client.seen.next().body == b"secretly"


def test_files_of_pem_work(new_tls_client, authority):
    exchange(new_tls_client())


def test_an_encrypted_key_in_pem_works_by_host_name(new_tls_client, authority):
    store = authority.write_pem("encrypted", SECRET)

    exchange(
        new_tls_client(
            "localhost",
            **{
                "key.store.path": str(store),
                "key.store.passphrase": SECRET,
                "key.store.type": "PEM",
                "trust.store.type": "PEM",
            },
        )
    )


@pytest.mark.parametrize("kind", ["PKCS12", ""])
def test_files_of_pkcs12_work(new_tls_client, authority, kind, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = new_tls_client(
        **{
            "key.store.path": str(authority.write_pkcs12("client")),
            "key.store.passphrase": SECRET,
            "key.store.type": kind,
            "trust.store.path": str(authority.write_trust_store()),
            "trust.store.passphrase": SECRET,
            "trust.store.type": kind,
        }
    )

    exchange(client)

    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_trusted(new_tls_client, stranger):
    error = failure_of(new_tls_client(**{"trust.store.path": str(stranger.pem)}))

    assert error.key == f"{PREFIX}trust.store.path"
    assert "is not trusted" in str(error)


def test_a_server_is_not_trusted_by_the_system(new_tls_client):
    error = failure_of(new_tls_client(**{"trust.store.path": ""}))

    assert error.key == f"{PREFIX}trust.store.path"


def test_a_server_with_another_name(new_tls_client):
    error = failure_of(new_tls_client("127.1"))  # the same machine, written shorter

    assert error.key == "message-server-ip"
    assert "is for another name" in str(error)


def test_no_certificate_where_one_is_wanted(new_tls_client):
    error = failure_of(new_tls_client(**{"key.store.path": ""}))

    assert error.key == f"{PREFIX}key.store.path"
    assert "wants a certificate from us" in str(error)


def test_a_certificate_that_the_broker_does_not_trust(new_tls_client, stranger):
    store = str(stranger.write_pem("client"))

    error = failure_of(new_tls_client(**{"key.store.path": store}))

    assert error.key == f"{PREFIX}key.store.path"
    assert "did not accept our certificate" in str(error)


def test_a_version_that_the_broker_does_not_speak(new_tls_client):
    error = failure_of(new_tls_client(protocol="TLSv1.3"))

    assert error.key == f"{PREFIX}ssl.protocol".replace("ssl.ssl.", "ssl.")


def test_a_port_without_encryption(new_client, tls_host):
    port = tls_host.broker.port
    where = {"message-server-ip": f"127.0.0.1:{port}", f"{PREFIX}use": "true"}

    error = failure_of(new_client(ONE, tls_host, **where))

    assert error.key == f"{PREFIX}use"
    assert "5671" in str(error)


def test_encryption_where_none_is_configured(new_client, tls_host):
    where = {"message-server-ip": f"127.0.0.1:{tls_host.broker.tls_port}"}

    error = failure_of(new_client(ONE, tls_host, **where))

    assert f"{PREFIX}use = true" in str(error)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "No such file"),
        (b"nothing of the kind", "its passphrase does not open it"),
        (b"\xfe\xed\xfe\xed and more", "keytool -importkeystore"),
        (b"-----BEGIN CERTIFICATE-----\n", "a certificate"),
    ],
)
@pytest.mark.parametrize("which", ["key", "trust"])
def test_a_file_that_cannot_be_used(new_tls_client, tmp_path, content, found, which):
    path = tmp_path / "store"
    if content is not None:
        path.write_bytes(content)

    error = failure_of(new_tls_client(**{f"{which}.store.path": str(path)}))

    assert error.key == f"{PREFIX}{which}.store.path"
    assert str(path) in str(error)
    assert found in str(error).replace("there is no certificate", "a certificate")


def test_a_passphrase_that_does_not_open(new_tls_client, authority):
    error = failure_of(
        new_tls_client(
            **{
                "key.store.path": str(authority.write_pkcs12("client")),
                "key.store.passphrase": "hidden",
            }
        )
    )

    assert "its passphrase does not open it" in str(error)
    assert "hidden" not in str(error)


def test_an_encrypted_key_without_a_passphrase_asks_nobody(new_tls_client, authority):
    store = authority.write_pem("encrypted", SECRET)

    error = failure_of(new_tls_client(**{"key.store.path": str(store)}))

    assert error.key == f"{PREFIX}key.store.path"
