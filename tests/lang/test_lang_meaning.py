"""Which definition is meant at a place."""

from codeintel.lang.content import split_lines
from codeintel.lang.meaning import Place, local_at
from codeintel.lang.parse import parse_file, parse_names

FILES = {
    "pkg/__init__.py": "",
    "pkg/base.py": "class Base:\n    def run(self): ...\n    def stop(self): ...\n",
    "pkg/tools.py": "def load(): ...\n\ndef helper(): ...\n",
    "other/tools.py": "def load(): ...\n",
    "other/run.py": "def run(): ...\n",
    "pkg/main.py": (
        "from .base import Base\n"
        "from .tools import load as read\n"
        "from . import tools\n"
        "\n"
        "class Main(Base):\n"
        "    def __init__(self):\n"
        "        self.size = 1\n"
        "    def run(self):\n"
        "        super().run()\n"
        "        self.run()\n"
        "        self.stop()\n"
        "        read(self.size)\n"
        "        tools.load()\n"
        "        unknown.load()\n"
        "\n"
        "def helper(value):\n"
        "    return value\n"
        "\n"
        "helper(1)\n"
    ),
}


def meant(path: str, line: int, text: str, files: dict[str, str] = FILES) -> list[tuple[str, int]]:
    """Path and line of the definitions meant by a text on a line."""
    source = split_lines(files[path])[line - 1]
    column = source.index(text) + len(text.rpartition(".")[0] + ".") * ("." in text)
    name = text.rpartition(".")[2]
    place = Place(path, parse_names(path, files[path]), name, line, source[:column])
    candidates = [
        (other, definition)
        for other, content in files.items()
        for definition in parse_file(other, content).definitions
        if definition.name == place.original_name()
    ]
    return [(other, d.name_line) for other, d in place.meant(candidates)]


def test_self_means_the_class_around() -> None:
    assert meant("pkg/main.py", 10, "self.run") == [("pkg/main.py", 8)]
    assert meant("pkg/main.py", 12, "self.size") == [("pkg/main.py", 7)]


def test_super_and_inherited_members_mean_the_base() -> None:
    assert meant("pkg/main.py", 9, "super().run") == [("pkg/base.py", 2)]
    assert meant("pkg/main.py", 11, "self.stop") == [("pkg/base.py", 3)]


def test_a_renamed_import_means_the_original_in_its_module() -> None:
    assert meant("pkg/main.py", 12, "read") == [("pkg/tools.py", 1)]


def test_a_member_of_an_imported_module_is_in_its_file() -> None:
    assert meant("pkg/main.py", 13, "tools.load") == [("pkg/tools.py", 1)]


def test_a_name_of_the_file_itself_comes_first() -> None:
    assert meant("pkg/main.py", 19, "helper") == [("pkg/main.py", 16)]


def test_where_nothing_tells_all_are_meant() -> None:
    assert len(meant("pkg/main.py", 14, "unknown.load")) == 2


def test_an_import_of_a_script_module_leads_to_its_file() -> None:
    files = {
        "src/a.ts": "import { make as build } from './lib/make';\nbuild();\n",
        "src/lib/make.ts": "export function make() {}\n",
        "src/make.ts": "export function make() {}\n",
    }
    assert meant("src/a.ts", 2, "build", files) == [("src/lib/make.ts", 1)]


def test_files_of_one_package_know_each_other() -> None:
    files = {
        "q/a.go": "package q\n\nfunc A() { open() }\n",
        "q/b.go": "package q\n\nfunc open() {}\n",
        "r/b.go": "package r\n\nfunc open() {}\n",
    }
    assert meant("q/a.go", 3, "open", files) == [("q/b.go", 3)]


def test_a_local_name_is_found_at_its_binding_and_at_its_uses() -> None:
    names = parse_names("pkg/main.py", FILES["pkg/main.py"])
    binding, use = local_at(names, 16, 12), local_at(names, 17, 12)
    assert binding is not None
    assert binding is use
    assert (binding.name, binding.line, binding.column) == ("value", 16, 12)
    assert local_at(names, 19, 1) is None
