"""Which language a file is written in: names, extensions, file names and first lines."""

import re
from typing import Final

from msgspec import Struct

TEXT: Final = "text"


class Language(Struct, frozen=True):
    """A language by its name, and how files of it are known.

    Attributes
    ----------
    extensions
        Lower case, without the dot.
    filenames
        Whole file names, lower case.
    interpreters
        Programs that a ``#!`` line may name, without version numbers.
    grammar
        Module of the grammar wheel and its entry point; empty where there is no grammar.
    """

    name: str
    extensions: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    grammar: str = ""


def _language(
    name: str, extensions: str = "", filenames: str = "", interpreters: str = "", grammar: str = ""
) -> Language:
    """A row of the table below; lists are separated by blanks."""
    return Language(
        name,
        tuple(extensions.split()),
        tuple(filenames.split()),
        tuple(interpreters.split()),
        grammar,
    )


_TABLE: Final = (
    # With a grammar: chunks follow the syntax tree, definitions are extracted.
    _language(
        "python",
        "py pyi pyw py3 bzl star wsgi pyx pxd",
        "sconstruct sconscript build.bazel workspace buck tiltfile",
        "python pypy uv",
        "tree_sitter_python:language",
    ),
    _language(
        "javascript",
        "js mjs cjs jsx es6 jsm",
        "jakefile",
        "node nodejs deno bun",
        "tree_sitter_javascript:language",
    ),
    _language(
        "typescript", "ts mts cts", "", "ts-node tsx", "tree_sitter_typescript:language_typescript"
    ),
    _language("tsx", "tsx", "", "", "tree_sitter_typescript:language_tsx"),
    _language("go", "go", "", "", "tree_sitter_go:language"),
    _language("rust", "rs", "", "rust-script", "tree_sitter_rust:language"),
    _language("java", "java", "", "", "tree_sitter_java:language"),
    _language("c", "c h", "", "tcc", "tree_sitter_c:language"),
    _language(
        "cpp",
        "cpp cc cxx c++ hpp hh hxx h++ ipp tpp inl ixx cppm cu cuh ino",
        "",
        "",
        "tree_sitter_cpp:language",
    ),
    _language("csharp", "cs csx cake", "", "", "tree_sitter_c_sharp:language"),
    _language(
        "ruby",
        "rb rake gemspec ru podspec jbuilder builder thor rbw",
        "rakefile gemfile guardfile capfile podfile vagrantfile brewfile fastfile appfile",
        "ruby jruby rake",
        "tree_sitter_ruby:language",
    ),
    _language("php", "php phtml php5 php7 php8 inc", "", "php", "tree_sitter_php:language_php"),
    _language("kotlin", "kt kts", "", "kotlin", "tree_sitter_kotlin:language"),
    _language("scala", "scala sc sbt mill", "", "scala", "tree_sitter_scala:language"),
    _language("swift", "swift", "", "swift", "tree_sitter_swift:language"),
    _language("elixir", "ex exs", "mix.lock", "elixir", "tree_sitter_elixir:language"),
    _language("haskell", "hs hs-boot hsc", "", "runhaskell runghc", "tree_sitter_haskell:language"),
    _language("lua", "lua rockspec luau", ".luacheckrc", "lua luajit", "tree_sitter_lua:language"),
    _language("zig", "zig zon", "", "", "tree_sitter_zig:language"),
    _language(
        "bash",
        "sh bash zsh ksh bats ebuild command",
        ".bashrc .bash_profile .bash_aliases .bash_logout .profile .zshrc .zshenv .zprofile "
        "pkgbuild apkbuild .envrc",
        "sh bash zsh dash ksh ash bats",
        "tree_sitter_bash:language",
    ),
    _language("sql", "sql ddl dml pgsql psql", "", "", "tree_sitter_sql:language"),
    _language("html", "html htm xhtml", "", "", "tree_sitter_html:language"),
    _language("css", "css", "", "", "tree_sitter_css:language"),
    _language("markdown", "md markdown mdx mkd mdown", "", "", "tree_sitter_markdown:language"),
    _language(
        "json",
        "json jsonc json5 geojson webmanifest ipynb har code-workspace",
        ".babelrc .eslintrc .prettierrc .swcrc composer.lock .watchmanconfig",
        "",
        "tree_sitter_json:language",
    ),
    _language(
        "yaml", "yaml yml", ".clang-format .clang-tidy .clangd", "", "tree_sitter_yaml:language"
    ),
    _language(
        "toml", "toml", "cargo.lock poetry.lock uv.lock pipfile", "", "tree_sitter_toml:language"
    ),
    # Without one: windows of lines.
    _language("ada", "adb ads"),
    _language("asciidoc", "adoc asciidoc"),
    _language("assembly", "asm s nasm"),
    _language("awk", "awk", "", "awk gawk mawk"),
    _language("batch", "bat cmd"),
    _language("clojure", "clj cljs cljc edn", "", "clojure bb"),
    _language("cmake", "cmake", "cmakelists.txt"),
    _language("coffeescript", "coffee", "cakefile", "coffee"),
    _language("commonlisp", "lisp lsp cl asd"),
    _language("crystal", "cr", "", "crystal"),
    _language("csv", "csv tsv"),
    _language("d", "d di"),
    _language("dart", "dart", "", "dart"),
    _language("diff", "diff patch"),
    _language("dockerfile", "dockerfile containerfile", "dockerfile containerfile"),
    _language("elm", "elm"),
    _language("emacslisp", "el", ".emacs"),
    _language("erlang", "erl hrl", "rebar.config", "escript"),
    _language("fish", "fish", "", "fish"),
    _language("fortran", "f f77 f90 f95 f03 f08 for"),
    _language("fsharp", "fs fsi fsx"),
    _language("gleam", "gleam"),
    _language("glsl", "glsl vert frag geom comp wgsl hlsl metal"),
    _language("graphql", "graphql gql graphqls"),
    _language("groovy", "groovy gradle gvy", "jenkinsfile", "groovy"),
    _language("haxe", "hx"),
    _language("hcl", "hcl tf tfvars nomad"),
    _language("ini", "ini cfg conf properties editorconfig desktop", ".gitconfig .npmrc .flake8"),
    _language("jinja", "j2 jinja jinja2 njk liquid"),
    _language("julia", "jl", "", "julia"),
    _language("just", "just", "justfile"),
    _language("latex", "tex sty cls bib"),
    _language("less", "less"),
    _language("makefile", "mk mak", "makefile gnumakefile bsdmakefile", "make"),
    _language("mojo", "mojo"),
    _language("nim", "nim nims nimble"),
    _language("nix", "nix"),
    _language("objectivec", "m mm"),
    _language("ocaml", "ml mli mll mly", "", "ocaml"),
    _language("pascal", "pas pp dpr lpr"),
    _language("perl", "pl pm t pod", "", "perl"),
    _language("plist", "plist strings"),
    _language("powershell", "ps1 psm1 psd1", "", "pwsh"),
    _language("prisma", "prisma"),
    _language("prolog", "pro prolog", "", "swipl"),
    _language("protobuf", "proto"),
    _language("puppet", "epp"),
    _language("purescript", "purs"),
    _language("r", "r rmd", ".rprofile", "rscript"),
    _language("racket", "rkt", "", "racket"),
    _language("restructuredtext", "rst"),
    _language("sass", "sass"),
    _language("scheme", "scm ss", "", "guile"),
    _language("scss", "scss"),
    _language("smalltalk", "st"),
    _language("solidity", "sol"),
    _language("svelte", "svelte"),
    _language("systemverilog", "sv svh v vh"),
    _language("tcl", "tcl", "", "tclsh wish"),
    _language("template", "erb ejs hbs mustache handlebars haml slim pug jade eex heex leex tmpl"),
    _language("thrift", "thrift"),
    _language("vhdl", "vhd vhdl"),
    _language("viml", "vim", ".vimrc _vimrc"),
    _language("visualbasic", "vb vbs bas"),
    _language("vue", "vue"),
    _language("xml", "xml xsd xsl xslt svg xaml csproj vbproj fsproj props targets nuspec wsdl"),
    _language(TEXT, "txt text log"),
)

_BY_NAME: Final = {language.name: language for language in _TABLE}
_BY_EXTENSION: Final = {ext: row.name for row in _TABLE for ext in row.extensions}
_BY_FILENAME: Final = {name: row.name for row in _TABLE for name in row.filenames}
_BY_INTERPRETER: Final = {name: row.name for row in _TABLE for name in row.interpreters}

LANGUAGES: Final = tuple(sorted(_BY_NAME))
"""All known names, in order."""

_SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-S\s+|-\S+\s+|\w+=\S+\s+)*)?(?:\S*/)?([\w+-]+)")
# What only C++ writes; looked for at the start of lines, so that comments seldom match.
_CPP_HEADER = re.compile(
    r"^\s*(?:class\s+\w+|namespace\b|template\s*<|using\s+\w|public\s*:|private\s*:|protected\s*:"
    r"|virtual\s|constexpr\s|explicit\s|#\s*include\s*<[a-z_]+>)"
    r"|\bstd::|\bnoexcept\b|\boperator\s*[=<>+\-*\[(]",
    re.MULTILINE,
)
_OBJECTIVE_C = re.compile(r"^\s*(?:@interface|@protocol|@class|@implementation|#\s*import)\b", re.M)
_SNIFFED_CHARS = 50_000  # a header that shows no C++ in so much text is C


def language(name: str) -> Language:
    """The row of a language; unknown names raise KeyError."""
    return _BY_NAME[name]


def detect_language(path: str, text: str) -> str:
    """Name the language of a file; ``"text"`` where nothing tells.

    The whole file name decides before the extension, the extension before a ``#!`` line; content
    decides where an extension is shared (``.h``).
    """
    filename = path.rpartition("/")[2].lower()
    stem, dot, extension = filename.rpartition(".")
    if extension == "h" and dot:
        return _header_language(text)
    name = _BY_FILENAME.get(filename) or (_BY_EXTENSION.get(extension) if dot else None)
    if name is None and stem.partition(".")[0] in ("dockerfile", "makefile", "containerfile"):
        name = _BY_FILENAME[stem.partition(".")[0]]  # Dockerfile.dev
    if name in (None, TEXT) and text.startswith("#!"):
        return _shebang_language(text) or TEXT
    if name == "typescript" and text.lstrip("\ufeff \r\n").startswith(("<?xml", "<!DOCTYPE TS")):
        return "xml"  # a Qt translation
    return name or TEXT


def _header_language(text: str) -> str:
    """C, C++ or Objective-C of a ``.h`` file."""
    head = text[:_SNIFFED_CHARS]
    if _OBJECTIVE_C.search(head):
        return "objectivec"
    # `extern "C"` guards mark a C header that C++ may include: what is inside them is not C++.
    outside = re.sub(r"#\s*ifdef\s+__cplusplus.*?#\s*endif", "", head, flags=re.DOTALL)
    return "cpp" if _CPP_HEADER.search(outside) else "c"


def _shebang_language(text: str) -> str | None:
    """The language of a ``#!`` line."""
    found = _SHEBANG.match(text)
    if found is None:
        return None
    program = found[1].lower()
    return _BY_INTERPRETER.get(program) or _BY_INTERPRETER.get(program.rstrip("0123456789.-"))
