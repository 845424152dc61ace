from pathlib import Path

from codeintel.server.reference import write_reference


def test_the_reference_in_docs_is_up_to_date():
    path = Path(__file__).parents[2] / "docs" / "tools.md"
    assert path.read_text(encoding="utf-8") == write_reference(), (
        "run: python -m codeintel.server.reference > docs/tools.md"
    )
