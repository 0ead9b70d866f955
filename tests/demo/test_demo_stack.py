import os
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from pymongo import MongoClient

from demo.stack import DemoError, DemoStack, Source
from tests.demo.running import Parent, Running, call, still_running

MAKING = "Making the data, this once"
# A supervisor gives a server 6 seconds to stop before it kills it.
STOPPED_WITHIN = 10.0

pytestmark = pytest.mark.process


def refuses(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), 1).close()
    except ConnectionRefusedError:
        return True
    return False


async def works(demo: Running, name: Source) -> bool:
    addresses = demo.addresses
    match name:
        case "shop":
            connection = await asyncpg.connect(addresses.postgres)
            found = await connection.fetchval("select count(*) from customers")
            await connection.close()
            return bool(found == 1_000)
        case "catalog":
            with MongoClient[dict[str, object]](addresses.mongo) as client:
                return client[addresses.mongo_database].products.find_one() is not None
        case "inventory":
            return call("GET", f"{addresses.inventory}/stock/KET-0001").status == 200
        case "shipping":
            return call("GET", f"{addresses.shipping}/shipments/1").status == 200


def test_the_first_start_says_what_it_does(demo: Running) -> None:
    assert demo.said[0].startswith("Starting PostgreSQL, MongoDB and two REST services")
    assert demo.said[1] == MAKING
    assert sorted(demo.said[2:4]) == [
        "catalog: loading products and reviews",
        "shop: loading customers and orders",
    ]
    assert demo.said[4].startswith("All sources are ready")


@pytest.mark.parametrize("name", ["shop", "catalog", "inventory", "shipping"])
async def test_one_source_stops_and_starts_again_where_it_was(demo: Running, name: Source) -> None:
    sources: dict[Source, str] = {
        "shop": demo.addresses.postgres,
        "catalog": demo.addresses.mongo,
        "inventory": demo.addresses.inventory,
        "shipping": demo.addresses.shipping,
    }
    demo.stack.stop_source(name)
    try:
        assert {source for source, url in sources.items() if refuses(url)} == {name}
        demo.stack.stop_source(name)  # once more does no harm
    finally:
        demo.stack.start_source(name)
    assert await works(demo, name)


def test_a_second_demo_in_the_folder_is_told_of_the_first(demo: Running) -> None:
    with pytest.raises(DemoError, match="A demo already runs in"):
        DemoStack(demo.stack.folder, print).start()
    assert not any(map(refuses, (demo.addresses.inventory, demo.addresses.shipping)))


def test_a_stack_that_does_not_run_can_be_stopped(tmp_path: Path) -> None:
    stack = DemoStack(tmp_path, print)
    stack.stop()
    stack.stop()
    with pytest.raises(DemoError, match="isn't running"):
        stack.stop_source("shop")


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match="can't use its folder"):
        DemoStack(tmp_path / "file" / "demo", print).start()


def test_a_first_start_that_is_killed_half_way_is_made_good(folder: Path) -> None:
    with Parent(folder) as killed:
        killed.wait_until_it_says("catalog: loading")
        before = killed.children()
        killed.end(signal.SIGKILL)
    assert len(before) >= 4
    # The next demo waits for what is left of this one.
    with Parent(folder) as parent:
        parent.wait_until_it_says("up")
        assert not still_running(before, 0)
        assert MAKING in parent.said
        children = parent.children()
        parent.end(signal.SIGKILL)
    assert still_running(children, STOPPED_WITHIN) == {}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_servers_end_with_the_demo_however_it_ends(folder: Path, how: signal.Signals) -> None:
    with Parent(folder) as parent:
        parent.wait_until_it_says("up")
        assert MAKING not in parent.said
        children = parent.children()
        parent.end(how)
    running = " ".join(children.values())
    for program in ("demo.supervisor", "postgres", "secantusd", "demo.inventory", "demo.shipping"):
        assert program in running
    assert still_running(children, STOPPED_WITHIN) == {}


def test_a_stale_pid_file_does_not_matter(folder: Path) -> None:
    pid_file = folder.resolve() / "postgres" / "data" / "postmaster.pid"
    left = "\n".join(["1", str(pid_file.parent), "0", "5432", "", "127.0.0.1", "0 0", "ready"])
    pid_file.write_text(left)
    said: list[str] = []
    stack = DemoStack(folder, said.append)
    addresses = stack.start()
    assert MAKING not in said
    stack.stop()
    assert all(map(refuses, (addresses.postgres, addresses.mongo, addresses.inventory)))


def test_the_servers_end_with_a_supervisor_that_is_killed(folder: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells processes that their parent has died")
    with Parent(folder) as parent:
        parent.wait_until_it_says("up")
        children = parent.children()
        supervisor = next(pid for pid, args in children.items() if "demo.supervisor" in args)
        os.kill(supervisor, signal.SIGKILL)
        assert still_running(children, STOPPED_WITHIN) == {}


def test_what_was_made_by_another_version_is_made_anew(folder: Path) -> None:
    (folder / "stamp").write_text("another")
    with Parent(folder) as parent:
        parent.wait_until_it_says(MAKING)
        children = parent.children()
        parent.end(signal.SIGKILL)
    assert still_running(children, STOPPED_WITHIN) == {}
