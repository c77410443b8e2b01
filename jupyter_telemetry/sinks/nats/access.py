"""How to get at NATS servers: which they are, and who we are to them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from ...errors import ConfigurationError, MissingExtra
from ...secret import Secret, without_secrets
from ..options import expanded, tls_context

__all__ = ["Access", "token"]


class Access:
    """Servers, and credentials, as nats-py takes them.

    Parameters
    ----------
    to: a URL with all servers, and if you like a stream: `nats://one:4222,two:4222/TELEMETRY`; `tls://…` for TLS.
    user, password_file, password_variable, token_file, token_variable, nkey_file, credentials_file: who we are.
    ca_file, client_certificate_file, client_key_file: PEM files: whom to trust, who we are (mTLS).

    Raises ConfigurationError, MissingExtra.
    """

    def __init__(
        self,
        to: str,
        *,
        user: str | None = None,
        password_file: str | None = None,
        password_variable: str | None = None,
        token_file: str | None = None,
        token_variable: str | None = None,
        nkey_file: str | None = None,
        credentials_file: str | None = None,
        ca_file: str | None = None,
        client_certificate_file: str | None = None,
        client_key_file: str | None = None,
    ) -> None:
        self.servers, self.stream = _servers(to)
        self._user = user
        self._password = Secret("password", file=password_file, variable=password_variable)
        self._token = Secret("token", file=token_file, variable=token_variable)
        self._keys = {"nkeys_seed": expanded(nkey_file), "user_credentials": expanded(credentials_file)}
        if any(self._keys.values()) and find_spec("nkeys") is None:
            raise MissingExtra("the sink nats with nkey_file or credentials_file", "nats")
        self._tls = tuple(map(expanded, (ca_file, client_certificate_file, client_key_file)))

    @property
    def hosts(self) -> str:
        """The servers, without a scheme."""
        return ",".join(server.partition("://")[2] for server in self.servers)

    def options(self) -> dict[str, Any]:
        """Return options of nats-py's `connect`; secrets are read anew. Raises ConfigurationError."""
        options = {"user": self._user, "password": self._password.read(), "token": self._token.read(), **self._keys}
        tls = (
            {"tls": tls_context("sink nats", *self._tls)}
            if any(self._tls) or self.servers[0].startswith("tls://")
            else {}
        )
        return {**{name: value for name, value in options.items() if value is not None}, **tls}


def token(what: str, text: str) -> str:
    """Return a part of a subject. Raises ConfigurationError for what would be another one."""
    if not text or not text.isprintable() or set(text) & set(" .*>/\\"):
        raise ConfigurationError(f"sink nats: {what} must have neither blanks nor any of . * > / \\")
    return text


def _servers(to: str) -> tuple[tuple[str, ...], str]:
    """Return the servers' URLs, and the stream that the URL names. Raises ConfigurationError."""
    without_secrets(to, "sink nats")
    scheme, _, rest = to.partition("://")
    hosts, _, stream = rest.partition("/")
    if scheme not in ("nats", "tls") or not hosts or not all(hosts.split(",")):
        raise ConfigurationError('sink nats: the URL must be such as "nats://one:4222,two:4222/TELEMETRY"')
    if "@" in hosts:
        raise ConfigurationError(
            "sink nats: the URL names a user, or holds a token; give user, token_file and the like"
        )
    return tuple(f"{scheme}://{host if ':' in host else f'{host}:4222'}" for host in hosts.split(",")), stream
