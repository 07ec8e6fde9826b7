"""The page as HTML: one file that asks nothing of anyone.

Its content security policy names the digests of its own script and style, so that nothing else
runs, and nothing is loaded.
"""

import json
from base64 import b64encode
from collections.abc import Collection, Sequence
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xlser.leaderboards.cost import cost_blocks
from xlser.leaderboards.model import Code, Link, Paragraph, Section, Strong
from xlser.leaderboards.sections.encoders import Encoders
from xlser.leaderboards.sections.introduction import how_to_read, introduction
from xlser.protocols import Protocol, is_registered
from xlser.results import Results
from xlser.site.explorer.numbers import Content, Numbers
from xlser.site.explorer.overview import overview

_SCRIPTS = ("random.js", "statistics.js", "data.js", "table.js", "comparison.js", "main.js")


def explorer_page(
    results: Results,
    added: Sequence[Section] = (),
    metrics: Collection[str] = (),
    encoders: Encoders | None = None,
) -> str:
    """Return the page of a protocol.

    Args:
        results: of the protocol.
        added: sections of plugins (`added_sections`); their pictures are left out.
        metrics: names of metrics that tables show beside UA and accuracy.
        encoders: by which rows are flagged whose encoder was trained on a corpus of theirs.

    Raises:
        UnknownNameError: no such metric.
    """
    content = Numbers(results, metrics, encoders).content()
    style, script = _asset("page.css"), "\n".join(map(_asset, _SCRIPTS))
    script = f'"use strict";\n(() => {{\n{script}\n}})();\n'
    protocol = results.protocol
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    text: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            content=content,
            data=_as_script(content),
            title=protocol.name,
            own=not is_registered(protocol),
            about=protocol.about,
            facts=_facts(results, content),
            reading=[*introduction(results), *how_to_read(results.protocol, docs=False)][1:],
            overview=overview(content),
            sections=_sections(results, added, encoders),
            citation=citation(protocol),
            style=Markup(style),
            script=Markup(script),
            policy=policy,
        )
    )
    return text


def _facts(results: Results, content: Content) -> list[tuple[str, str]]:
    """Return the facts below the title, each with what it counts."""
    counts = {
        "methods": len({method["name"] for method in content["methods"]}),
        "languages": len(content["targets"]),
        "encoders": len({condition["encoder"] for condition in content["conditions"]}),
        "runs": len(results.runs),
    }
    return [(f"{count:,}", of if count != 1 else of[:-1]) for of, count in counts.items()]


def _sections(
    results: Results, added: Sequence[Section], encoders: Encoders | None
) -> list[Section]:
    """Return what stands below the tables."""
    sections = [*added]
    if not results.tables():
        return sections
    if encoders:
        sections.append(encoders.section({table.condition for table in results.tables()}))
    if notes := [Paragraph(str(n)) for n in results.notes if n.kind != "missing seeds"]:
        sections.append(Section("Notes", notes))
    return [*sections, Section("Cost", cost_blocks(results.runs_by_condition))]


def citation(protocol: Protocol) -> str:
    """Return what to cite, as BibTeX: the suite, the protocol and its digest."""
    return (
        f"@misc{{xlser-{protocol.name},\n"
        "  title  = {XL-SER: a benchmark suite for semi-supervised cross-lingual speech emotion "
        "recognition},\n"
        "  author = {{The xlser maintainers}},\n"
        f"  note   = {{Leaderboard {protocol.name}, version {protocol.version or 'draft'}, "
        f"protocol digest {protocol.digest[:16]}}},\n"
        "}"
    )


def _as_script(content: Content) -> Markup:
    """Return JSON that no text within can end; one row per line."""
    compact = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = []
    for name, value in content.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines = ",\n".join(map(compact, value))
            parts.append(f"{json.dumps(name)}:[\n{lines}]")
        else:
            parts.append(f"{json.dumps(name)}:{compact(value)}")
    text = "{" + ",\n".join(parts) + "}"
    for character in "<>&\u2028\u2029":  # none is part of JSON's own syntax
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text("utf-8").strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("xlser.site.explorer"),
        autoescape=True,
        finalize=_inline,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )


def _inline(text: Any) -> Any:
    """Return a piece of text as HTML; of links, those to files beside the page are plain text."""
    match text:
        case tuple():
            return Markup("").join(map(_inline, text))
        case Strong():
            return Markup("<strong>{}</strong>").format(text.text)
        case Code():
            return Markup("<code>{}</code>").format(text.text)
        case Link():
            if not text.target.startswith("https://"):
                return Markup.escape(text.text)
            return Markup('<a href="{}" rel="noreferrer">{}</a>').format(text.target, text.text)
    return text if isinstance(text, Markup) else Markup.escape(text)
