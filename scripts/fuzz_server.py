"""Throws bad input at the server for long: ``python -m scripts.fuzz_server [EXAMPLES]``.

Two tools, each with EXAMPLES (default: 20,000) inputs for every tool and endpoint: schemathesis
reads the REST API's own description, the tests in tests/conformance/test_conformance_fuzz.py know
MCP and the tools' arguments. schemathesis gets a virtual environment of its own in the user's
cache, since its plugin for pytest would load with every test.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.corpora import cache_dir

_ROOT = Path(__file__).parents[1]
# Whether arguments make sense is for the tools to judge: a request may fit and fail.
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def main() -> int:
    examples = sys.argv[1] if len(sys.argv) > 1 else "20000"
    sys.path.insert(0, str(_ROOT / "tests"))
    from fake_codeintel import FakeCodeIntel
    from live_server import serve

    with serve(FakeCodeIntel()) as url:
        command = [_schemathesis(), "run", f"{url}/v1/openapi.json", "--max-examples", examples]
        checks = ["--checks", ",".join(_CHECKS), "--suppress-health-check", "all"]
        rest = subprocess.run([*command, *checks], check=False)
    fuzz = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/conformance/test_conformance_fuzz.py"],
        cwd=_ROOT,
        env={**os.environ, "FUZZ_EXAMPLES": examples},
        check=False,
    )
    return rest.returncode or fuzz.returncode


def _schemathesis() -> Path:
    folder = cache_dir() / "schemathesis"
    program = folder / "bin" / "st"
    if not program.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", "schemathesis>=4"], check=True)
    return program


if __name__ == "__main__":
    sys.exit(main())
