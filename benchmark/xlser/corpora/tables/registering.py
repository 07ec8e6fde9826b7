"""Adding to `xlser.toml`: a corpus made of a table, or the folder of one that is known."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from xlser import registry
from xlser.errors import SettingsError
from xlser.settings import CONFIG, Config, OwnCorpus, read_config
from xlser.system.files import working_folder, write_atomically


def require_new(name: str, folder: Path | None = None) -> None:
    """Raise unless a corpus may be called `name`.

    Raises:
        SettingsError: there is a corpus of that name.
    """
    if name in registry.names("xlser.corpora"):
        raise SettingsError(f"There is a corpus {name!r} already.", "Give yours another name.")
    if name in read_config(folder).corpora:
        raise SettingsError(
            f"{CONFIG} has a corpus {name!r} already.",
            f"Give yours another name, or delete the section [corpora.{name}] there.",
        )


def register(name: str, entry: OwnCorpus, folder: Path | None = None) -> Path:
    """Append a section `[corpora.<name>]` to `xlser.toml`, and return the file.

    Args:
        name: of the corpus.
        entry: what the section states; paths inside `folder` are written relative to it.
        folder: of `xlser.toml`; default: the working folder.

    Raises:
        SettingsError: there is such a corpus already, or the file cannot be appended to.
    """
    require_new(name, folder)
    here = (folder or working_folder()).resolve()
    path = here / CONFIG
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    section = _section(name, entry, here)
    whole = f"{text.rstrip()}\n\n{section}" if text.strip() else section
    try:
        Config.model_validate(tomllib.loads(whole))
    except (tomllib.TOMLDecodeError, ValidationError) as cause:
        raise SettingsError(
            f"Nothing can be appended to {path}: {cause}", f"Write into it by hand:\n{section}"
        ) from cause
    write_atomically(path, whole.encode())
    return path


def register_folder(name: str, root: Path, folder: Path | None = None) -> Path:
    """State in `xlser.toml` where a corpus lies that a package registers, and return the file.

    Args:
        name: of the corpus.
        root: its folder; inside `folder` it is written relative to it.
        folder: of `xlser.toml`; default: the working folder.

    Raises:
        SettingsError: the file states another folder for it, or cannot be used.
    """
    here = (folder or Path.cwd()).resolve()
    path = here / CONFIG
    stated = read_config(here).folders.get(name)
    line = f"{_key(name)} = {_value(_relative(root, here))}"
    if stated is not None:
        if stated.resolve() == root.resolve():
            return path
        raise SettingsError(
            f"{path} states {stated} as the folder of {name}, not {root}.",
            f"Write there, below [corpora]: {line}",
        )
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    header = re.search(r"^\[corpora\][ \t]*(#.*)?$", text, re.MULTILINE)
    if header:
        whole = f"{text[: header.end()]}\n{line}{text[header.end() :]}"
    else:
        whole = f"[corpora]\n{line}\n" + (f"\n{text}" if text.strip() else "")
    write_atomically(path, whole.encode())
    return path


def _section(name: str, entry: OwnCorpus, here: Path) -> str:
    stated = entry.model_dump(exclude_defaults=True, exclude={"labels", "columns"})
    for field in ("table", "folder"):
        if field in stated:
            stated[field] = _relative(stated[field], here)
    lines = [f"[corpora.{_key(name)}]"]
    lines += [f"{field} = {_value(value)}" for field, value in stated.items()]
    for field, mapping in (("columns", entry.columns), ("labels", entry.labels)):
        if mapping:
            lines.append(f"{field} = {_inline(mapping)}")
    return "\n".join(lines) + "\n"


def _relative(path: Path, here: Path) -> str:
    resolved = path.resolve()
    return (resolved.relative_to(here) if resolved.is_relative_to(here) else resolved).as_posix()


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a basic string of TOML


def _inline(mapping: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{_key(k)} = {_value(v)}' for k, v in mapping.items())} }}"
