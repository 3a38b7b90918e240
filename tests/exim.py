"""A real mail server for the tests that need one: Debian's Exim, private, on this machine alone.

It wants encryption and a login, refuses some receivers and lets others wait, limits sizes, and
delivers into a folder. It is started once per pytest worker; mark such a test `peer`, and give it
`xdist_group(name="exim")`.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from models.workspace_file import SmtpSecurity, SmtpServer
from tests.certificates import Authority

REQUIRED = os.environ.get("MAKEGOOD_REQUIRE_PEERS") == "1"
HOW_TO_GET_IT = (
    "Exim is neither in PATH nor in /usr/sbin. "
    "On Debian: apt-get install --no-install-recommends exim4-daemon-light"
)
NEEDS_ROOT = "Exim gives up its rights for its own user, which only root can: run the tests as root"
ACCOUNT = "Debian-exim"
USER, PASSWORD = "makegood", "geh:e@im 1"
LARGEST = 60_000
SETTINGS = """\
primary_hostname = localhost
daemon_smtp_ports = {starttls} : {tls}
tls_on_connect_ports = {tls}
local_interfaces = 127.0.0.1
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
message_size_limit = {largest}
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = message

begin acl
mail:
  deny !authenticated = *
       message = log in first
  deny senders = stranger@*
       message = we do not send for you
  accept
rcpt:
  deny local_parts = bounce-me
       message = no such person here
  defer local_parts = greylist
        condition = ${{if exists{{{folder}/known}}{{no}}{{yes}}}}
        message = greylisted, try again later
  accept
message:
  deny condition = ${{if match{{$h_subject:}}{{lottery}}}}
       message = this looks like spam
  accept

begin routers
everybody:
  driver = accept
  transport = folder

begin transports
folder:
  driver = appendfile
  maildir_format
  directory = {folder}/mail
  user = {account}
  envelope_to_add
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as it lies in a receiver's folder.

    Attributes:
        to: The receiver.
        back_to: Where bounces go.
        content: The message as it was sent, its lines ended by CR LF again.
    """

    to: str
    back_to: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Exim:
    """A running server."""

    folder: Path
    authorities: Path
    starttls_port: int
    tls_port: int

    def server(self, security: SmtpSecurity = SmtpSecurity.STARTTLS, **terms) -> SmtpServer:
        """How a workspace names it."""
        encrypted = security is SmtpSecurity.TLS
        port = self.tls_port if encrypted else self.starttls_port
        named = {"host": "localhost", "port": port, "security": security, "user": USER}
        return SmtpServer(**{**named, **terms})

    def delivered(self, *, expected: int = 0, within_s: int = 10) -> Sequence[Delivered]:
        """What has arrived, once so many have; Exim delivers after it has answered."""
        found: list[Delivered] = []
        for _ in range(within_s * 50):
            found = [_read(path) for path in sorted((self.folder / "mail" / "new").glob("*"))]
            if len(found) >= expected and not any((self.folder / "spool/input").glob("*-H")):
                return found
            time.sleep(0.02)
        pytest.fail(f"{len(found)} of {expected} messages arrived\n{self.log()}")

    def log(self) -> str:
        """The end of what it wrote about its work."""
        return "\n".join(path.read_text()[-2000:] for path in (self.folder / "log").glob("*"))

    def let_greylisted_pass(self) -> None:
        """From now on it knows everybody."""
        (self.folder / "known").touch()

    def forget(self) -> None:
        """Empty the folder, and know nobody any more."""
        self.delivered()
        shutil.rmtree(self.folder / "mail", ignore_errors=True)
        (self.folder / "known").unlink(missing_ok=True)


def _read(path: Path) -> Delivered:
    """Take off what Exim has put on top; the rest must be ours to the byte."""
    written = path.read_bytes()
    top, start, _ = written.partition(b"\nFrom: ")
    header = dict(line.split(": ", 1) for line in top.decode().splitlines() if ": " in line)
    content = written[len(top) + 1 :] if start else b""
    return Delivered(
        to=header["Envelope-to"],
        back_to=header["Return-path"].strip("<>"),
        content=content.replace(b"\n", b"\r\n"),
    )


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program() -> str:
    """Where Exim is; "" for nowhere."""
    found = shutil.which("exim4", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or ""


def go_without(why: str) -> NoReturn:
    """Skip, or fail where a server must be there; either way say how to get one."""
    if REQUIRED:
        pytest.fail(why)
    pytest.skip(why)


def laid_out(folder: Path) -> Exim:
    """Write its settings, certificates and folders, each with the owner that it asks for."""
    account = pwd.getpwnam(ACCOUNT)
    folder.chmod(0o755)
    authority = Authority.founded(folder)
    pair = authority.issue("localhost")
    os.chown(pair.key, 0, account.pw_gid)
    pair.key.chmod(0o640)
    for name in ("spool", "log"):
        (folder / name).mkdir()
        os.chown(folder / name, account.pw_uid, account.pw_gid)
    os.chown(folder, account.pw_uid, account.pw_gid)
    made = Exim(folder, authority.file, free_port(), free_port())
    settings = SETTINGS.format(
        folder=folder,
        starttls=made.starttls_port,
        tls=made.tls_port,
        largest=LARGEST,
        certificate=pair.certificate,
        key=pair.key,
        account=ACCOUNT,
        user=USER,
        password=PASSWORD,
    )
    (folder / "settings").write_text(settings)
    (folder / "settings").chmod(0o644)
    return made


@contextmanager
def running(exim: Exim) -> Iterator[Exim]:
    """Run it until the block ends."""
    with (exim.folder / "output").open("wb") as output:
        server = subprocess.Popen(
            [program(), "-C", exim.folder / "settings", "-bdf"], stdout=output, stderr=output
        )
    try:
        _wait_until_it_listens(exim, server)
        yield exim
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=5)
        if server.poll() is None:
            server.kill()
            server.wait()


def _wait_until_it_listens(exim: Exim, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", exim.starttls_port), 1):
            return
        time.sleep(0.05)
    said = (exim.folder / "output").read_text()[-2000:]
    pytest.fail(f"Exim does not start:\n{said}\n{exim.log()}")


@pytest.fixture(scope="session")
def exim_server() -> Iterator[Exim]:
    """One server for all tests of a worker."""
    if not program():
        go_without(HOW_TO_GET_IT)
    if os.geteuid() != 0:
        go_without(NEEDS_ROOT)
    folder = Path(tempfile.mkdtemp(prefix="makegood-exim-"))
    try:
        with running(laid_out(folder)) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def exim(exim_server: Exim) -> Exim:
    """The server, with nothing delivered yet."""
    exim_server.forget()
    return exim_server
