"""`xlser corpora fetch`: download an openly licensed corpus."""

from pathlib import Path
from typing import Annotated

import typer

from xlser.cli.output import progress
from xlser.cli.parameters import Data, completing
from xlser.errors import SettingsError


def fetch(
    name: Annotated[
        str, typer.Argument(help="Of the corpus.", autocompletion=completing("xlser.corpora"))
    ],
    accept_licence: Annotated[
        str | None, typer.Option(help="Name of the corpus: you accept its licence.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Folder of corpora; default: --data or XLSER_DATA.")
    ] = None,
    data: Data = None,
) -> None:
    """Download an openly licensed corpus into the folder of corpora.

    It shows size, licence and citation first, and goes on where a download broke off. Corpora by
    registration are not fetched: it shows where to ask for them.
    """
    from xlser.corpora import get_corpus
    from xlser.corpora.fetch import fetch as fetch_corpus
    from xlser.settings import Settings

    corpus, settings = get_corpus(name), Settings.gather(data=data)
    target = into or (settings.data[0] if settings.data else None)
    if target is None:
        raise SettingsError(
            "No folder of corpora is named.", "Set XLSER_DATA, or add --into FOLDER."
        )
    if corpus.download:
        typer.echo(f"{corpus.title}: {corpus.download.size}, into {target / corpus.name}")
        typer.echo(f"licence: {corpus.licence}\ncitation: {corpus.citation}")
    with progress("Stopped. What has arrived is kept: the same command goes on.") as bars:
        tasks: dict[str, object] = {}

        def watch(file: str, done: int, total: int) -> None:
            if file not in tasks:
                tasks.clear()
                tasks[file] = bars.add_task(file, total=total or None)
            bars.update(tasks[file], completed=done)  # type: ignore[arg-type]

        fetched = fetch_corpus(corpus, accept_licence, target, settings.cache, watch)
    missing = f", {fetched.missing} missing" if fetched.missing else ""
    typer.echo(f"{fetched.found} utterances in {fetched.root}{missing}.")
    typer.echo(f"Next: xlser corpora check {name}")
