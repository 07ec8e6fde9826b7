"""What is installed, found and missing on this machine, behind `xlser doctor`."""

import os
from dataclasses import dataclass, field
from typing import Any

from xlser import registry
from xlser.backbones import backbone_names, find_weights, get_backbone
from xlser.corpora import corpus_names, find_root, get_corpus, other_roots, read_for, scan
from xlser.errors import XlserError
from xlser.methods import get_method, method_names
from xlser.protocols import get_protocol, protocol_names
from xlser.runs import choose_device, describe, has_bfloat16
from xlser.settings import Settings, cpu_count
from xlser.system.memory import has_huge_pages, keep_pages


def look_around(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return what is found, by section and name; first the verdict: what can run, what is wrong.

    Args:
        settings: where corpora, cache and weights are.
    """
    verdict = _Verdict()
    found = {
        "machine": _machine(),
        "settings": {
            "XLSER_DATA": os.environ.get("XLSER_DATA"),
            "XLSER_WEIGHTS": settings.weights,
            "cache": str(settings.cache),
        },
        "corpora": _corpora(settings, verdict),
        "backbones": _backbones(settings, verdict),
        "methods": _methods(verdict),
        "protocols": _protocols(settings, verdict),
    }
    return {"verdict": verdict.facts(), **found}


@dataclass
class _Verdict:
    """What follows from what is found.

    Attributes:
        ready: protocols with a target that can run, and those targets.
        lacking: protocols without one.
        download: backbones whose weights are not here.
        wrong: what is installed or found and cannot be used, with the reason.
    """

    ready: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    download: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, str]:
        """Return it in words."""
        return {
            "ready to run": "; ".join(self.ready) or "nothing",
            "no target's corpora found": ", ".join(self.lacking) or "none",
            "weights not here": ", ".join(self.download) or "none",
            "wrong": "; ".join(self.wrong) or "nothing",
        }


def _machine() -> dict[str, Any]:
    device = choose_device(None)
    found = describe(device)
    return {
        **found.packages,
        "python": found.python,
        "system": found.system,
        "processor": f"{found.processor}, {cpu_count()} cores",
        "threads": f"{found.threads} for fine-tuning, one a run of the frozen track",
        "device": found.device,
        "bfloat16": "in hardware" if has_bfloat16(device) else "not in hardware: fp32 is used",
        "allocator": "keeps its pages" if keep_pages() else "as the system has it",
        "huge pages": "asked for" if has_huge_pages() else "the system has none to give",
    }


def _corpora(settings: Settings, verdict: _Verdict) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in corpus_names():
        try:
            corpus = get_corpus(name)
            root = find_root(corpus, settings)
            if root is None:
                found[name] = f"not found; get it from {corpus.homepage}"
                continue
            inventory = scan(corpus, root, settings.exclude.get(name, ()), read_for())
            found[name] = f"{len(inventory.utterances)} utterances in {root}"
            if others := other_roots(corpus, settings):
                found[name] += f"; not used: {', '.join(map(str, others))}"
        except XlserError as error:
            found[name] = error.problem
            verdict.wrong.append(f"{name}: {error.problem}")
    return found


def _backbones(settings: Settings, verdict: _Verdict) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in backbone_names():
        try:
            kind = get_backbone(name)
        except XlserError as error:
            found[name] = error.problem
            verdict.wrong.append(f"{name}: {error.problem}")
            continue
        if kind.weights is None:
            found[name] = "needs no weights"
        else:
            path = find_weights(kind, settings)
            found[name] = str(path) if path else f"weights not found; {kind.weights.url}"
            verdict.download += [] if path else [name]
    return found


def _methods(verdict: _Verdict) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in method_names():
        try:
            get_method(name)
            found[name] = registry.package_of("xlser.methods", name)
        except XlserError as error:
            found[name] = error.problem
            verdict.wrong.append(f"{name}: {error.problem}")
    return found


def _protocols(settings: Settings, verdict: _Verdict) -> dict[str, str]:
    def lacking(corpora: tuple[str, ...]) -> list[str]:
        return [name for name in corpora if find_root(get_corpus(name), settings) is None]

    found: dict[str, str] = {}
    for name in protocol_names():
        try:
            protocol = get_protocol(name)
        except XlserError as error:
            found[name] = error.problem
            verdict.wrong.append(f"{name}: {error.problem}")
            continue
        targets = [t for t in protocol.targets if not lacking(protocol.languages[t])]
        absent = lacking(protocol.source_corpora)
        source = f"partial source, without {', '.join(absent)}" if absent else "complete source"
        if not protocol.source_corpora:
            source = "states no source"
        elif len(absent) == len(protocol.source_corpora):
            targets, source = [], f"no source: {', '.join(absent)} not found"
        found[name] = f"targets that can run: {', '.join(targets) or 'none'}; {source}"
        if targets:
            verdict.ready.append(f"{name} ({', '.join(targets)})")
        else:
            verdict.lacking.append(name)
    return found
