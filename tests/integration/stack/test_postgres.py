import os
from pathlib import Path

import psutil
import psycopg2
import pytest

from marquee.domain.errors import ConfigurationError, Conflict
from marquee.stack.ports import free_port
from marquee.stack.postgres import Cluster, Server
from marquee.stack.processes import Child
from marquee.store import keys
from marquee.store.engine import connect, migrate

PASSWORD = "a password with 'quotes' and /@:"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    cluster = Cluster.at(tmp_path_factory.mktemp("cluster") / "data")
    cluster.create(PASSWORD)
    return cluster


@pytest.fixture
def server(cluster: Cluster, tmp_path: Path):
    server = Server(free_port(), PASSWORD)
    child = Child(cluster.child(server, tmp_path / "postgres.log"))
    child.start()
    child.wait_ready()
    yield server, child
    child.stop()


Running = tuple[Server, Child]


def one_value(server: Server, statement: str) -> object:
    with server.connection() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        assert row is not None
        return row[0]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("password_encryption", "scram-sha-256"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ],
)
def test_the_server_is_durable_and_closed(server: Running, setting: str, value: str) -> None:
    assert one_value(server[0], f"SELECT current_setting('{setting}')") == value


def test_text_is_handled_as_unicode_on_every_system(server: Running) -> None:
    assert one_value(server[0], "SELECT lower('AMÉLIE ПРИВЕТ')") == "amélie привет"


def test_no_server_process_belongs_to_root(server: Running) -> None:
    postmaster = psutil.Process(server[1].pid)
    assert 0 not in {process.uids().real for process in (postmaster, *postmaster.children(recursive=True))}


def test_nobody_gets_in_without_the_password(server: Running) -> None:
    with pytest.raises(psycopg2.OperationalError), Server(server[0].port, "").connection():
        pass


def test_a_password_that_does_not_belong_to_the_database_is_said(server: Running) -> None:
    with pytest.raises(ConfigurationError, match="secret file postgres_password"):
        Server(server[0].port, "wrong").is_ready()


def test_a_database_is_created_once(server: Running) -> None:
    server[0].ensure_databases("one", "two")
    server[0].ensure_databases("one", "two")
    names = "SELECT count(*) FROM pg_database WHERE datname IN ('one', 'two')"
    assert one_value(server[0], names) == 2


def test_a_committed_row_outlives_a_killed_server(cluster: Cluster, tmp_path: Path) -> None:
    spec = cluster.child(server := Server(free_port(), PASSWORD), tmp_path / "postgres.log")
    child = Child(spec)
    child.start()
    child.wait_ready()
    with server.connection() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (value integer)")
        cursor.execute("INSERT INTO kept VALUES (42)")
    os.kill(child.pid, 9)
    child.stop()
    child.start()
    child.wait_ready()
    assert one_value(server, "SELECT value FROM kept") == 42
    child.stop()


def test_a_cluster_that_was_half_made_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "data.new"
    half.mkdir()
    (half / "rubbish").write_text("")
    cluster = Cluster.at(tmp_path / "data")
    cluster.create(PASSWORD)
    assert (tmp_path / "data" / "PG_VERSION").read_text() == "18\n"
    assert not half.exists()


def test_a_cluster_that_is_there_stays(cluster: Cluster) -> None:
    before = (cluster.folder / "PG_VERSION").stat()
    cluster.create("another")
    assert (cluster.folder / "PG_VERSION").stat() == before


def test_a_key_whose_name_is_taken_leaves_nothing_in_the_servers_log(server: Running) -> None:
    running, child = server
    running.ensure_databases("keys")
    engine = connect(running.url("keys"), application_name="test")
    migrate(engine)
    with engine.begin() as connection:
        keys.create(connection, "shop", ["read"])
        with pytest.raises(Conflict):
            keys.create(connection, "shop", ["read"])
        assert [key.name for key in keys.list_all(connection)] == ["shop"], "the transaction goes on"
    engine.dispose()
    assert "key_hash" not in child.spec.log.read_text()
