"""The docs site: the repository's Markdown, cards of methods and corpora, and an API reference.

    tox -e docs                                   # into site/, open site/index.html
    python -m tests.tools.docs_site OUT           # the same where zensical is installed

Pages are those of the repository, at the same places, so that links among them hold; links to
source code become the path of the file. Cards and reference are made from what is installed. The
build fails on any link that leads nowhere.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.tools.cards import corpus_cards, method_cards

from xlser.site.folder import HTML

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "CITATION.cff")
REFERENCE = {
    "functions": ("xlser.api.functions",),
    "methods": ("xlser.methods",),
    "training": ("xlser.training",),
    "corpora": ("xlser.corpora",),
    "protocols": ("xlser.protocols",),
    "metrics": ("xlser.metrics",),
    "backbones": ("xlser.backbones",),
    "executors": ("xlser.executors",),
    "results": ("xlser.results",),
    "errors": ("xlser.errors",),
}
"""Pages of the API reference, each with the modules whose public names it lists."""

NAV = {
    "Quick start": "README.md",
    "Guides": {
        "Your language": "docs/your-language.md",
        "Encoders": "docs/encoders.md",
        "Protocols": "docs/protocols.md",
        "Use a method": "docs/models.md",
        "Corpora": "docs/corpora.md",
        "Files": "docs/files.md",
        "Clusters": "docs/clusters.md",
        "Plan a grid": "docs/plan.md",
        "Repeat a reference": "docs/check.md",
        "Contribute": "CONTRIBUTING.md",
    },
    "Results": {
        "What we learned": "leaderboards/README.md",
        "v1": "leaderboards/v1/README.md",
        "v2": "leaderboards/v2/README.md",
        "The paper": "leaderboards/agarla2022/README.md",
        "EmoBox": "leaderboards/emobox-emovo/README.md",
        "In pandas": "docs/results.md",
        "Statistics": "docs/statistics.md",
        "Twins": "docs/twins.md",
        "Studies": "docs/studies/README.md",
    },
    "Background": {
        "Trust": "docs/trust.md",
        "Records": "docs/records.md",
        "Pages": "docs/pages.md",
        "Standardisation": "docs/standardisation.md",
        "A better method": "docs/best.md",
        "Speed": "docs/speed.md",
        "Faults": "docs/faults.md",
        "Progress": "docs/progress.md",
        "Glossary": "docs/glossary.md",
    },
    "Cards": {"Methods": "cards/methods/index.md", "Corpora": "cards/corpora/index.md"},
    "Reference": {name.capitalize(): f"reference/{name}.md" for name in REFERENCE},
}

_EXPLORER = "explore.html"  # `index.html` is the site's own page of a folder
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def build(out: Path) -> None:
    """Build the site.

    Args:
        out: folder that receives it; what is there is replaced.

    Raises:
        SystemExit: a link leads nowhere, or the site cannot be built.
    """
    with TemporaryDirectory() as folder:
        pages = Path(folder) / "pages"
        copy_pages(pages)
        for kind, cards in (("methods", method_cards()), ("corpora", corpus_cards())):
            _write(pages / "cards" / kind, cards)
        _write(pages / "reference", dict(reference()))
        (Path(folder) / "mkdocs.yml").write_text(json.dumps(_config()), encoding="utf-8")
        command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", "mkdocs.yml"]
        done = subprocess.run(command, cwd=folder, check=False)
        if done.returncode:
            raise SystemExit("The site was not built: the warnings above name page and link.")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(Path(folder) / "site", out)
    print(f"wrote {out}: {sum(1 for _ in out.rglob('*.html'))} pages")


def copy_pages(to: Path) -> None:
    """Copy what the site shows of the repository, links to source code turned into paths."""
    for name in PAGES:
        _copy(ROOT / name, to / name)
    for folder in ("docs", "leaderboards"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "results" not in path.relative_to(ROOT).parts:
                place = to / path.relative_to(ROOT)
                _copy(path, place.with_name(_EXPLORER) if path.name == HTML else place)


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".md":
        to.write_text(_without_source_links(path), encoding="utf-8")
    else:
        shutil.copyfile(path, to)


def _without_source_links(path: Path) -> str:
    """Return a page in which links to files that the site lacks are the paths of these."""

    def kept(link: re.Match[str]) -> str:
        target = link[2].partition("#")[0]
        if not target or re.match(r"[a-z]+:", target):
            return link[0]
        if target == HTML:
            return f"[{link[1]}]({_EXPLORER})"
        file = (path.parent / target).resolve()
        shown = file.relative_to(ROOT) if file.is_relative_to(ROOT) else None
        if shown and (str(shown) in PAGES or shown.parts[0] in ("docs", "leaderboards")):
            return link[0] if file.is_file() else link[1]
        return f"{link[1]} (`{shown}`)" if str(shown) not in link[1] else link[1]

    return _LINK.sub(kept, path.read_text(encoding="utf-8"))


def reference() -> Iterator[tuple[str, str]]:
    """Yield the pages of the API reference: every public name of its modules."""
    for page, modules in REFERENCE.items():
        text = [f"# {page.capitalize()}\n"]
        for module in modules:
            text.append(f"{import_module(module).__doc__}\n")
            text += [f"::: {module}.{name}\n" for name in sorted(public_names(module))]
        yield page, "\n".join(text)


def public_names(module: str) -> list[str]:
    """Return the names that a module makes public: classes and functions."""
    found = import_module(module)
    names = getattr(found, "__all__", None) or [
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module
    ]
    return [name for name in names if callable(getattr(found, name))]


def _write(folder: Path, pages: Mapping[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _config() -> dict[str, object]:
    def entries(nav: Mapping[str, object]) -> list[dict[str, object]]:
        return [{t: entries(p) if isinstance(p, dict) else p} for t, p in nav.items()]

    options = {
        "docstring_style": "google",
        "extensions": [str(Path(__file__).with_name("doctest_fences.py"))],
        "show_root_heading": True,
        "show_source": False,
        "heading_level": 2,
        "filters": ["!^_"],
        "separate_signature": True,
        "show_symbol_type_heading": True,
    }
    paths = [str(ROOT / "benchmark"), str(ROOT / "baselines")]
    python = {"paths": paths, "options": options}
    return {
        "site_name": "xlser",
        "docs_dir": "pages",
        "nav": entries(NAV),
        "markdown_extensions": ["tables", "md_in_html", "attr_list", "pymdownx.superfences"],
        "plugins": ["search", {"mkdocstrings": {"handlers": {"python": python}}}],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, nargs="?", default=Path("site"))
    build(parser.parse_args().out)
