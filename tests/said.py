"""Finds every sentence in the source that a person in a chat may read, for the tests of the languages."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file

ROOT = Path(__file__).resolve().parents[1]

KEYWORDS = {"say": None, "mark": None, "many": (1, 2)}

#: what only somebody at a terminal reads
TERMINAL_ONLY = {
    "bot/cli.py",
    "bot/cli_video.py",
    "bot/exits.py",
    "bot/places.py",
    "bot/settings.py",
    "bot/text/terminal.py",
    "bot/discord/front.py",
    "bot/films.py",
    "bot/health.py",
    "bot/programs.py",
    "bot/telegram/front.py",
    "bot/telegram/inbox.py",
    "jobs/queue.py",
    "jobs/settings.py",
    "jobs/redis_server.py",
    "pipeline/cuesheet.py",
}


def _files(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if str(path.relative_to(ROOT)) not in TERMINAL_ONLY:
                yield path


@functools.cache
def spoken() -> dict[str | tuple[str, ...], str]:
    """Return the sentences of the chats that are said through a Speech: (singular, plural) or text -> file."""
    found: dict[str | tuple[str, ...], str] = {}
    for path in _files("bot"):
        for _, message, _, _ in extract_from_file("python", path, keywords=KEYWORDS):
            if message and (isinstance(message, tuple) or message.strip()):
                found[message] = str(path.relative_to(ROOT))
    return found


@functools.cache
def made_elsewhere() -> dict[str, str]:
    """Return what errors and outcomes say, with {1}, {2}, ... where figures come in: text -> file."""
    found: dict[str, str] = {}
    for path in _files("pipeline", "jobs", "bot"):
        tree = _tree(path)
        names, errors = _constants(tree) | _imported(tree), _errors(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for said in _said_by(node, errors):
                    for text in _texts(said, names):
                        found[text] = str(path.relative_to(ROOT))
    return found


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _errors(tree: ast.Module) -> set[str]:
    """The errors for people that a file knows; a front end's own may have the same names."""
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module)
    ours = {name.name for node in imports if str(node.module).startswith("pipeline.") for name in node.names}
    made = {node.name for node in tree.body if isinstance(node, ast.ClassDef)} & _kinds(ROOT / "pipeline")
    return (ours & _kinds(ROOT / "pipeline")) | made


@functools.cache
def _kinds(room: Path) -> set[str]:
    """The names of UserError and of every error that is one, wherever in the room it is made."""
    classes = [node for path in room.rglob("*.py") for node in _tree(path).body if isinstance(node, ast.ClassDef)]
    kinds = {"UserError"}
    while more := {
        node.name
        for node in classes
        if node.name not in kinds and any(isinstance(base, ast.Name) and base.id in kinds for base in node.bases)
    }:
        kinds |= more
    return kinds


def _said_by(call: ast.Call, errors: set[str]) -> Iterator[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in errors and call.args:
        yield call.args[0]
    if name in errors or name == "Outcome":
        yield from (word.value for word in call.keywords if word.arg in ("sentence", "hint"))


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _imported(tree: ast.Module) -> dict[str, ast.expr]:
    """The constants that a file takes from another one of ours."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            path = ROOT / (node.module.replace(".", "/") + ".py")
            if path.is_file():
                there = _constants(_tree(path))
                found |= {name.name: there[name.name] for name in node.names if name.name in there}
    return found


def _texts(node: ast.expr, names: dict[str, ast.expr]) -> Iterator[str]:
    """Return what an expression says; an f-string with {1}, {2} for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.Name) and node.id in names:
        yield from _texts(names[node.id], names)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, names)
        yield from _texts(node.orelse, names)
    elif isinstance(node, ast.JoinedStr) and any(
        isinstance(part, ast.Constant) and part.value.strip() for part in node.values
    ):
        text, number = "", 0
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value)
            else:
                number += 1
                text += f"{{{number}}}"
        yield text
