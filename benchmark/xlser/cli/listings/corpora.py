"""`xlser corpora`: list them, and check a copy of one."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.listings.add_corpus import add
from xlser.cli.listings.fetch_corpus import fetch
from xlser.cli.output import bar, print_json, print_table, progress
from xlser.cli.parameters import AsJson, Command, Group, SeveralValues, completing, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions
    from xlser.audio.check import CorpusReport
    from xlser.corpora import Corpus
    from xlser.settings import Settings

app = typer.Typer(
    help="List, check, add and fetch corpora.", invoke_without_command=True, cls=Group
)
app.command("add", cls=SeveralValues)(add)
app.command("fetch", cls=Command)(fetch)


@app.callback()
@with_options("data")
def list_corpora(*, context: typer.Context, options: "RunOptions", as_json: AsJson = False) -> None:
    """List all corpora: language, size, licence, and where each lies on this machine.

    --json has emotions, homepages and citations as well.
    """
    if context.invoked_subcommand:
        return
    from xlser.api.listings import corpus_rows
    from xlser.settings import Settings

    rows = list(corpus_rows(Settings.gather(data=options.data)))
    if as_json:
        print_json(rows)
        return
    columns = ["corpus", "language", "utterances", "speakers", "licence", "found in"]
    unknown = dict.fromkeys(columns, "") | {"found in": "not found"}
    print_table([{column: row[column] or unknown[column] for column in columns} for row in rows])


@app.command(cls=Command)
@with_options("data")
def check(
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Corpora; default: all found.", autocompletion=completing("xlser.corpora")
        ),
    ] = None,
    contract: Annotated[
        bool,
        typer.Option("--contract", help="Check what the plugin reads from names, no recording."),
    ] = False,
    options: "RunOptions",
    as_json: AsJson = False,
) -> None:
    """Compare copies of corpora with the published releases.

    It decodes every file, and looks at speakers, genders and sentences. Exit code 1 if a recording
    is missing or unusable, or with --contract if a check fails.
    """
    from xlser.audio import check_corpus
    from xlser.corpora import corpus_names, find_root, get_corpus, locate
    from xlser.settings import Settings

    settings = Settings.gather(data=options.data)
    wanted = [get_corpus(name) for name in names or corpus_names()]
    if not names:
        wanted = [corpus for corpus in wanted if find_root(corpus, settings)]
    if contract:
        _check_contracts(wanted, settings, as_json)
        return
    reports = []
    for corpus in wanted:
        root = locate(corpus, settings)
        with progress() as bars:
            reports.append(check_corpus(corpus, root, bar(bars, f"checking {corpus.name}")))
        if not as_json:
            _show(reports[-1])
    if as_json:
        print_json([_as_json(report) for report in reports])
    if any(report.faults for report in reports):
        raise typer.Exit(1)


def _check_contracts(wanted: "list[Corpus]", settings: "Settings", as_json: bool) -> None:
    """Print the checks of each corpus; exit with 1 if one failed."""
    from xlser.conformance.corpora import contract_faults
    from xlser.corpora import find_root

    found = {corpus.name: contract_faults(corpus, find_root(corpus, settings)) for corpus in wanted}
    if as_json:
        print_json(found)
    else:
        for name, checks in found.items():
            failed = {check: fault for check, fault in checks.items() if fault}
            typer.echo(f"{name}: {len(failed)} of {len(checks)} checks failed")
            for check, fault in failed.items():
                typer.echo(f"  {check}: {fault}")
    if any(fault for checks in found.values() for fault in checks.values()):
        raise typer.Exit(1)


def _show(report: "CorpusReport") -> None:
    from xlser.corpora import EMOTIONS

    corpus = report.corpus
    found = sum(found for found, _ in report.counts.values())
    published = sum(published for _, published in report.counts.values())
    absent = [e for e, n in _by_emotion(report).items() if not n and e not in EMOTIONS]
    whole = f"complete without {', '.join(absent)}" if absent else "complete"
    typer.echo(
        f"{corpus.title} in {report.root}: {found} of {published} published files; "
        f"{f'{len(report.faults)} faults' if report.faults else whole}."
    )
    by_emotion = ", ".join(f"{e} {n}" for e, n in _by_emotion(report).items() if n)
    typer.echo(f"  {by_emotion}; {_by_speaker(report)}; {_sound(report)}")
    for kind, lines in (
        ("fault", report.faults),
        ("note", report.remarks),
        ("caution", report.cautions),
    ):
        for line in folded(lines):
            typer.echo(f"  {kind}: {line}")
    short = [
        {"speaker": speaker, "emotion": emotion, "found": found, "published": published}
        for (speaker, emotion), (found, published) in sorted(report.counts.items())
        if found != published and emotion not in absent
    ]
    if short:
        print_table(short[:_SHOWN])
    if len(short) > _SHOWN:
        typer.echo(f"  and {len(short) - _SHOWN} more: --json lists all")


_SHOWN = 20  # rows of speakers that lack utterances
_ALONE = 3  # so many findings of a kind have a line each


def folded(findings: Sequence[str]) -> list[str]:
    """Return findings with those of a kind on one line: their number and two examples.

    Each is "<file>: <kind>" or "<file>: <kind>: <more>"; of a kind are those that differ in paths
    and in words with digits alone. Others stay as they are.

    >>> folded(["a1: missing", "a2: missing", "a3: missing", "a4: missing", "b: empty"])
    ['4 files: missing, for example a1, a2', 'b: empty']
    """
    kinds: dict[str, list[str]] = {}
    for finding in findings:
        _, _, problem = finding.partition(": ")
        kind = _VARIES.sub("...", (problem or finding).partition(": ")[0])
        kinds.setdefault(kind, []).append(finding)
    lines = []
    for kind, alike in kinds.items():
        if len(alike) <= _ALONE:
            lines += alike
        else:
            examples = ", ".join(finding.partition(": ")[0] for finding in alike[:2])
            lines.append(f"{len(alike)} files: {kind}, for example {examples}")
    return lines


_VARIES = re.compile(r"[^\s,:;()]*[\d/\\][^\s,:;()]*")


def _by_emotion(report: "CorpusReport") -> dict[str, int]:
    from xlser.audio.check import in_order

    counts: dict[str, int] = {}
    for (_, emotion), (found, _) in report.counts.items():
        counts[emotion] = counts.get(emotion, 0) + found
    return {emotion: counts[emotion] for emotion in in_order(counts)}


def _by_speaker(report: "CorpusReport") -> str:
    counts: dict[str, int] = {}
    for (speaker, _), (found, _) in report.counts.items():
        counts[speaker] = counts.get(speaker, 0) + found
    genders = [report.corpus.gender_of(speaker) for speaker in counts]
    split = ", ".join(
        f"{genders.count(g)} {g}" for g in ("female", "male", "unknown") if g in genders
    )
    if not counts:
        return "no speaker"
    return (
        f"{len(counts)} speakers ({split}), {min(counts.values())} to {max(counts.values())} each"
    )


def _sound(report: "CorpusReport") -> str:
    formats = sorted(report.formats.items(), key=lambda item: -item[1])
    kinds = ", ".join(
        f"{rate / 1000:g} kHz {_CHANNELS.get(channels, f'{channels} channels')} ({n})"
        for (rate, channels), n in formats
    )
    return f"{report.seconds / 3600:.2f} h, {kinds or 'no recording'}"


_CHANNELS = {1: "mono", 2: "stereo"}


def _as_json(report: "CorpusReport") -> dict[str, Any]:
    return {
        "corpus": report.corpus.name,
        "root": str(report.root),
        "hours": round(report.seconds / 3600, 3),
        "formats": [
            {"rate": rate, "channels": channels, "files": n}
            for (rate, channels), n in sorted(report.formats.items())
        ],
        "faults": report.faults,
        "remarks": report.remarks,
        "cautions": report.cautions,
        "counts": [
            {"speaker": s, "emotion": e, "found": found, "published": published}
            for (s, e), (found, published) in report.counts.items()
        ],
    }
