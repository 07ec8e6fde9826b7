"""`xlser corpora add`: a corpus from a folder tree or a table, previewed before it is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.listings.fetch_corpus import add_dataset
from xlser.cli.output import print_table
from xlser.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from xlser.corpora import TableCorpus

_ROWS = 10  # of a preview


def add(
    name: Annotated[str, typer.Argument(help="Of the corpus, in lower case.")],
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the recordings; a table's paths start there.")
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Paths, e.g. '{speaker}/{emotion}/{name}.wav'.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="CSV, TSV or Parquet: path, speaker, emotion, ...")
    ] = None,
    language: Annotated[str | None, typer.Option(help="In lower case, English word.")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="LABEL=TERM, e.g. enfado=anger.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Labels to leave out.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="NAME=THEIRS, e.g. speaker=speaker_id.")
    ] = None,
    hub: Annotated[str | None, typer.Option(help="Dataset of the Hub, OWNER/NAME@COMMIT.")] = None,
    split: Annotated[str, typer.Option(help="Of that dataset.")] = "train",
    config: Annotated[str | None, typer.Option(help="Of that dataset.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a table that is not UTF-8.")] = None,
    title: Annotated[str | None, typer.Option(help="The name people use.")] = None,
    licence: Annotated[str, typer.Option(help="Terms of use.")] = "not stated",
    citation: Annotated[str, typer.Option(help="Publication.")] = "not stated",
    yes: Annotated[bool, typer.Option("--yes", help="Write it; default: preview alone.")] = False,
) -> None:
    """Add a corpus of your own, from a folder of recordings, a table or a dataset of the Hub.

    Without --yes it shows what it finds. With --yes it writes a section into xlser.toml (and, from
    a folder, the table NAME.csv beside it): from then on every command knows the corpus. A dataset
    of the Hub is downloaded into the folder.
    """
    from xlser.corpora.hub import HubDataset
    from xlser.corpora.tables.folders import read_folder
    from xlser.corpora.tables.reading import named_columns, read_table
    from xlser.corpora.tables.registering import register, require_new
    from xlser.corpora.tables.table import TableCorpus
    from xlser.settings import OwnCorpus

    require_new(name)
    labels, columns = pairs("--map", map_ or ()), pairs("--column", column or ())
    if hub:
        repository, _, revision = hub.partition("@")
        dataset = HubDataset(
            repository, revision, split, config, columns, language, licence, citation
        )
        own = OwnCorpus(table=Path("table.csv"), labels=labels, drop=tuple(drop or ()), title=title)
        add_dataset(name, dataset, folder or Path(name), own)
        return
    unmatched: Sequence[str] = ()
    if table and not pattern:
        frame, listed = read_table(table, encoding), table
    elif folder and pattern and not table:
        found = read_folder(folder, pattern)
        frame, unmatched, listed = found.frame, found.unmatched, Path(f"{name}.csv")
        if yes and listed.exists():
            raise SettingsError(f"{listed} exists.", "Move it, or give the corpus another name.")
    else:
        raise SettingsError(
            "A corpus is made of a table, of a folder and a pattern, or of a dataset.",
            "Write --hub OWNER/NAME@COMMIT, --table FILE [--folder DIR], or --folder DIR --pattern "
            "'{speaker}/{emotion}/{name}.wav'.",
        )
    _show_rows(frame, unmatched)
    _show_labels(named_columns(frame, columns, str(listed)), labels, drop or ())
    stated = OwnCorpus(
        table=listed,
        folder=folder or listed.parent,
        language=language,
        labels=labels,
        drop=tuple(drop or ()),
        columns=columns,
        encoding=encoding,
        title=title,
        licence=licence,
        citation=citation,
    )
    options = {field: getattr(stated, field) for field in OwnCorpus.model_fields}
    source = listed if table else frame
    corpus = TableCorpus(name, **{**options, "table": source}, source=str(listed))
    corpus.require_files()
    _show_corpus(corpus)
    if not yes:
        typer.echo("Nothing is written: the same command with --yes writes it.")
        return
    if not table:
        frame.to_csv(listed, index=False)
    path = register(name, stated)
    typer.echo(f"Written: [corpora.{name}] in {path}{'' if table else f', {listed}'}.")
    typer.echo(f"Next: xlser corpora check {name}")


def pairs(option: str, items: Sequence[str]) -> dict[str, str]:
    """Return `LABEL=TERM` items as a mapping.

    Raises:
        SettingsError: an item is not of that form.
    """
    result = {}
    for item in items:
        left, equals, right = item.rpartition("=")
        if not (equals and left.strip() and right.strip()):
            raise SettingsError(
                f"{option} {item!r} is not of the form A=B.", f"Write {option} A=B."
            )
        result[left.strip()] = right.strip()
    return result


def _show_rows(frame: "pd.DataFrame", unmatched: Sequence[str]) -> None:
    typer.echo(f"{len(frame)} rows, the first {min(_ROWS, len(frame))}:")
    columns = [column for column in dict.fromkeys(frame.columns) if column]
    rows = frame.loc[:, ~frame.columns.duplicated()].head(_ROWS).to_dict("records")
    print_table([{str(column): row[column] for column in columns} for row in rows])
    if unmatched:
        examples = ", ".join(unmatched[:3])
        typer.echo(f"{len(unmatched)} recordings do not fit the pattern and stay out: {examples}")


def _show_labels(frame: "pd.DataFrame", labels: Mapping[str, str], drop: Sequence[str]) -> None:
    from xlser.corpora.emotions import term
    from xlser.corpora.tables.reading import plain

    own = {plain(label).casefold(): of for label, of in labels.items()}
    left_out = {plain(label).casefold() for label in drop}
    rows = []
    for label, of in sorted(frame.groupby("emotion")):
        emotion = "(left out)" if str(label).casefold() in left_out else term(str(label), own)
        row = {"label": label, "emotion": emotion or "(not mapped)", "rows": len(of)}
        rows.append({**row, "speakers": of["speaker"].nunique()})
    print_table(rows)


def _show_corpus(corpus: "TableCorpus") -> None:
    from xlser.audio.check import cautions, in_order

    spoken = corpus.published()
    emotions = in_order({s.emotion for s in spoken.values()})
    counts: dict[str, dict[str, int]] = {}
    for utterance in spoken.values():
        of = counts.setdefault(utterance.speaker, dict.fromkeys(emotions, 0))
        of[utterance.emotion] += 1
    typer.echo(f"{len(spoken)} utterances of {len(counts)} speakers, {corpus.language}:")
    print_table(
        [
            {"speaker": speaker, "gender": corpus.gender_of(speaker), **counts[speaker]}
            for speaker in sorted(counts)
        ]
    )
    for label, rows in corpus.dropped.items():
        typer.echo(f"left out: {rows} rows of {label!r}")
    for line in cautions(spoken, corpus):
        typer.echo(f"caution: {line}")
