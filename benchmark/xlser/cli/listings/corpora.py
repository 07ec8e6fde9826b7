"""`xlser corpora`: which there are, and whether a copy is whole."""

from typing import Annotated, Any

import typer

from xlser.cli.output import bar, print_json, print_table, progress
from xlser.cli.parameters import AsJson, Data, completing

app = typer.Typer(help="List the corpora, or check a copy of one.", invoke_without_command=True)


@app.callback()
def list_corpora(context: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """List all corpora: language, size, licence, and where each lies on this machine."""
    if context.invoked_subcommand:
        return
    from xlser.listings import corpus_rows
    from xlser.settings import Settings

    rows = list(corpus_rows(Settings.gather(data=data)))
    if as_json:
        print_json(rows)
        return
    columns = [column for column in rows[0] if column != "citation"]
    print_table([{column: row[column] or "not found" for column in columns} for row in rows])


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Corpora; default: all found.", autocompletion=completing("xlser.corpora")
        ),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Compare copies of corpora with the published releases.

    It looks at every file, sound included. Exit code 1 if anything that the benchmark uses is
    missing or unusable.
    """
    from xlser.audio import check_corpus
    from xlser.corpora import corpus_names, find_root, get_corpus, locate
    from xlser.settings import Settings

    settings = Settings.gather(data=data)
    wanted = [get_corpus(name) for name in names or corpus_names()]
    if not names:
        wanted = [corpus for corpus in wanted if find_root(corpus, settings)]
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


def _show(report: Any) -> None:
    from xlser.corpora import EMOTIONS

    corpus = report.corpus
    found = sum(found for found, _ in report.counts.values())
    published = sum(published for _, published in report.counts.values())
    verdict = f"{len(report.faults)} faults" if report.faults else "complete"
    typer.echo(
        f"{corpus.title} in {report.root}: {found} of {published} published files; "
        f"{verdict} in the five emotions."
    )
    for line in report.faults:
        typer.echo(f"  fault: {line}")
    for line in report.remarks:
        typer.echo(f"  note: {line}")
    short = [
        {"speaker": speaker, "emotion": emotion, "found": found, "published": published}
        for (speaker, emotion), (found, published) in sorted(report.counts.items())
        if found != published and emotion in EMOTIONS
    ]
    if short:
        print_table(short)


def _as_json(report: Any) -> dict[str, Any]:
    return {
        "corpus": report.corpus.name,
        "root": str(report.root),
        "faults": report.faults,
        "remarks": report.remarks,
        "counts": [
            {"speaker": s, "emotion": e, "found": found, "published": published}
            for (s, e), (found, published) in report.counts.items()
        ],
    }
