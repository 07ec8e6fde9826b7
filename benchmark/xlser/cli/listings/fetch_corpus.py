"""`xlser corpora fetch`: download an openly licensed corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import bar, progress
from xlser.cli.parameters import completing, with_options
from xlser.errors import FetchError, SettingsError

if TYPE_CHECKING:
    from xlser.api.options import RunOptions
    from xlser.corpora.hub import HubDataset
    from xlser.settings import OwnCorpus

TABLE = "table.csv"


_CAMEO = "cameo-"


@with_options("data")
def fetch(
    *,
    name: Annotated[
        str, typer.Argument(help="Of the corpus.", autocompletion=completing("xlser.corpora"))
    ],
    accept_licence: Annotated[
        str | None, typer.Option(help="Name of the corpus: you accept its licence.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            help="Folder of corpora; default: --data or XLSER_DATA. Another is noted in xlser.toml."
        ),
    ] = None,
    options: "RunOptions",
) -> None:
    """Download an openly licensed corpus into the folder of corpora.

    It shows size, licence and citation first, and goes on where a download broke off. Corpora by
    registration are not fetched: it shows where to ask for them. Parts of CAMEO are named
    cameo-nemo, cameo-subesco, ...
    """
    from xlser.corpora import find_root, get_corpus
    from xlser.corpora.fetch import fetch as fetch_corpus
    from xlser.corpora.tables.registering import register_folder
    from xlser.settings import Settings

    settings = Settings.gather(data=options.data)
    target = into or (settings.data[0] if settings.data else None)
    if target is None:
        raise SettingsError(
            "No folder of corpora is named.", "Set XLSER_DATA, or add --into FOLDER."
        )
    if name.startswith(_CAMEO):
        _fetch_cameo(name, accept_licence, target)
        return
    corpus = get_corpus(name)
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
    if find_root(corpus, settings) != fetched.root:
        typer.echo(f"Written: its folder in {register_folder(corpus.name, fetched.root)}.")
    typer.echo(f"Next: xlser corpora check {name}")


def _fetch_cameo(name: str, accepted: str | None, target: Path) -> None:
    from xlser.corpora.hub import cameo_part
    from xlser.settings import OwnCorpus

    dataset = cameo_part(name.removeprefix(_CAMEO))
    typer.echo(f"{dataset.repository}, part {dataset.split}, into {target / name}")
    typer.echo(f"licence: {dataset.licence}\ncitation: {dataset.citation}")
    if accepted != name:
        raise FetchError(
            f"The licence of {name} is not accepted.",
            f"Read it at {dataset.homepage}; if you accept it, add --accept-licence {name}.",
        )
    add_dataset(name, dataset, target / name, OwnCorpus(table=Path(TABLE)))


def add_dataset(name: str, dataset: "HubDataset", root: Path, stated: "OwnCorpus") -> None:
    """Fetch a dataset of the Hub and add it to `xlser.toml`.

    Args:
        name: of the corpus.
        dataset: which.
        root: folder that is made.
        stated: labels and whatever else is to be stated of the corpus.
    """
    from xlser.corpora.hub import fetch_dataset
    from xlser.corpora.tables.registering import register, require_new
    from xlser.corpora.tables.table import TableCorpus

    require_new(name)
    table = root / TABLE
    if not table.is_file():  # else an earlier call fetched it, and could not map its labels
        with progress() as bars:
            fetch_dataset(dataset, root, bar(bars, f"fetching {name}"))
    stated = stated.model_copy(
        update={
            "table": table,
            "folder": root,
            "language": dataset.language,
            "licence": dataset.licence,
            "citation": dataset.citation,
            "homepage": dataset.homepage,
        }
    )
    options = {field: getattr(stated, field) for field in type(stated).model_fields}
    corpus = TableCorpus(name, **options)
    path = register(name, stated)
    typer.echo(f"{len(corpus.published())} utterances in {root}; [corpora.{name}] in {path}.")
    typer.echo(f"Next: xlser corpora check {name}")
