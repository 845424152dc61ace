"""The clock is set forward and back by hours and by a year while clients ask."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from crowd import crowd
from served import Served, eventually

from repositories import GitRepository

COMPILER = shutil.which("cc")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        COMPILER is None or sys.platform != "linux",
        reason="a C compiler and Linux are needed to set the clock of a process",
    ),
]
HOUR_S = 3600
JUMPS_S = (6 * HOUR_S, -12 * HOUR_S, 366 * 24 * HOUR_S, -366 * 24 * HOUR_S, 0)


class Clock:
    """The clock of the processes that are started with its environment."""

    def __init__(self, folder: Path) -> None:
        self._seconds = folder / "seconds"
        self.jump(0)
        library = folder / "jumping_clock.so"
        source = Path(__file__).with_name("jumping_clock.c")
        command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]
        subprocess.run(command, check=True)
        self.environment = {"LD_PRELOAD": str(library), "JUMPING_CLOCK": str(self._seconds)}

    def jump(self, seconds: int) -> None:
        """Set the clock to so many seconds after the true time, for all processes at once."""
        with self._seconds.open("r+b" if self._seconds.exists() else "w+b") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


def ages_s(url: str) -> list[float]:
    text = httpx.get(f"{url}/metrics").text
    return [float(x) for x in re.findall(r"generation_age_seconds\{.*\} (\S+)", text)]


def test_answers_updates_and_metrics_do_not_mind_when_the_clock_is_set(
    shop: GitRepository, tmp_path: Path, clock: Clock
) -> None:
    served = Served(shop, tmp_path / "index")
    with served.running(environment=clock.environment), crowd(served.url) as asked:
        eventually(served.indexers)
        processes = served.workers(), served.indexers()
        for number, seconds in enumerate(JUMPS_S):
            clock.jump(seconds)
            asked.more()
            shop.write({f"new{number}.py": f"def written_after_jump_{number}():\n    pass\n"})
            eventually(lambda name=f"written_after_jump_{number}": served.defines(name))
            assert min(ages_s(served.url)) >= 0
            assert served.ready()
        assert (served.workers(), served.indexers()) == processes
        assert asked.broken == []
    assert "Traceback" not in "".join(served.log)


def test_the_clock_of_the_server_is_really_set(
    shop: GitRepository, tmp_path: Path, clock: Clock
) -> None:
    served = Served(shop, tmp_path / "index")
    with served.running(environment=clock.environment):
        scope = served.ask("set_scope", include_globs=["shop/*"]).json()["scope_id"]
        assert served.ask("list_paths", scope_id=scope).status_code == 200
        clock.jump(8 * 24 * HOUR_S)
        expired = served.ask("symbol_search", query="total_price", scope_id=scope)
        assert expired.json()["error"]["code"] == "invalid_scope"
        clock.jump(0)
        again = served.ask("symbol_search", query="total_price", scope_id=scope)
        assert again.status_code == 200
