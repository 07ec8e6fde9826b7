"""`xlser protocols`: lists protocols, shows one, freezes one of the user's own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.output import messages, print_facts, print_json, print_table
from xlser.cli.parameters import AsJson, Command, Group, completing, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions
    from xlser.settings import Settings


class _ShowsByName(Group):
    """A group for which `xlser protocols v1` stands for `xlser protocols show v1`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Take what is no command for the name of a protocol."""
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Complete names of protocols as well as commands."""
        from click.shell_completion import CompletionItem

        names = completing("xlser.protocols")(incomplete)
        return [*map(CompletionItem, names), *super().shell_complete(ctx, incomplete)]


app = typer.Typer(
    help="List protocols, show one, or freeze one of your own.",
    invoke_without_command=True,
    cls=_ShowsByName,
)


@app.callback()
@with_options("data")
def list_protocols(
    *, context: typer.Context, options: "RunOptions", as_json: AsJson = False
) -> None:
    """List protocols; with a name or a file (.json, .toml), show one with its digest.

    Languages and their corpora, which of them are not found here, classes, seeds, label budgets.
    """
    if context.invoked_subcommand:
        return
    from xlser.api.listings import protocol_rows
    from xlser.settings import Settings

    rows = list(protocol_rows([], Settings.gather(data=options.data)))
    if as_json:
        print_json(rows)
        return
    print_table(
        [
            {
                "protocol": row["protocol"],
                "source": row["source"],
                "targets": ", ".join(row["targets"]),
                "classes": len(row["classes"]),
                "seeds": len(row["seeds"]),
                "folds": row["folds"],
                "budgets": ", ".join(map(str, row["budgets"])) or "all labels",
                "corpora not found": ", ".join(row["corpora not found"]) or "none",
            }
            for row in rows
        ]
    )


@app.command(cls=Command)
@with_options("data")
def show(
    *,
    name: Annotated[
        str,
        typer.Argument(
            help="A name, or a file (.json, .toml).", autocompletion=completing("xlser.protocols")
        ),
    ],
    options: "RunOptions",
    as_json: AsJson = False,
) -> None:
    """Show a protocol with its digest."""
    from xlser.api.listings import protocol_rows
    from xlser.settings import Settings

    (row,) = protocol_rows([name], Settings.gather(data=options.data))
    (print_json if as_json else print_facts)(row)


@app.command(cls=Command)
@with_options("data")
def freeze(
    *,
    name: Annotated[str, typer.Argument(help="Of the protocol.")],
    source: Annotated[list[str], typer.Option(help="Corpora that train, or their languages.")],
    target: Annotated[list[str], typer.Option(help="Corpora to recognise, or their languages.")],
    classes: Annotated[
        list[str] | None, typer.Option(help="Emotions; default: the five of v1.")
    ] = None,
    rule: Annotated[str, typer.Option(help="kfold, rotating or fixed.")] = "kfold",
    folds: Annotated[int, typer.Option(min=2, help="Of each seed, for kfold.")] = 3,
    seeds: Annotated[int, typer.Option(min=1, help="How many.")] = 3,
    labels: Annotated[
        list[int] | None,
        typer.Option(help="Label budgets; default: 0 25 50 100 as far as there is speech."),
    ] = None,
    labelling: Annotated[str, typer.Option(help="balanced or random.")] = "balanced",
    label_map: Annotated[
        list[str] | None,
        typer.Option("--map", help="corpus:emotion=class, an emotion that stands for a class."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Batches of each stage; default: by epochs, as v1.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Method that others are compared with.")
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="Of runs that name none.")] = None,
    about: Annotated[str | None, typer.Option(help="One sentence for listings.")] = None,
    out: Annotated[Path | None, typer.Option(help="Manifest; default: NAME.json.")] = None,
    options: "RunOptions",
) -> None:
    """Make a protocol from corpora at hand and write its manifest.

    Then: `xlser run METHOD --protocol NAME.json`. A language stands for its corpora that are found
    here; the manifest names them.
    """
    from xlser.protocols import Recipe, find_protocol, write_manifest
    from xlser.settings import Settings

    settings = Settings.gather(data=options.data)
    given = {
        "about": about,
        "classes": classes,
        "budgets": labels,
        "reference": reference,
        "backbone": backbone,
        "schedule": _schedule(steps) if steps else None,
    }
    recipe = Recipe.of(
        {
            "name": name,
            "sources": _corpora(source, settings),
            "targets": _corpora(target, settings),
            "rule": rule,
            "folds": folds,
            "seeds": seeds,
            "labelling": labelling,
            "label_map": _mapped(label_map or []),
            **{field: value for field, value in given.items() if value is not None},
        }
    )
    protocol = find_protocol(recipe.freeze(settings))
    path = out or Path(f"{name}.json")
    _require_no_other(path, protocol.digest)
    write_manifest(protocol, path)
    for language, corpora in protocol.languages.items():
        of = ", ".join(protocol.classes_of(language))
        role = f"target, {of}" if language in protocol.targets else "source"
        messages(f"{language} ({role}): {', '.join(corpora)}")
    messages(f"label budgets: {', '.join(map(str, protocol.budgets))}")
    messages(f"digest: {protocol.digest}")
    option = "" if backbone else " --backbone NAME"
    messages(f"wrote {path}; run it: xlser run METHOD --protocol {path}{option}")


def _require_no_other(path: Path, digest: str) -> None:
    """Raise where a file states another protocol, whose results would be lost to it."""
    import json

    from xlser.errors import ProtocolError

    if not path.exists():
        return
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))["digest"]
    except (ValueError, KeyError, TypeError, OSError):
        stated = "none"
    if stated != digest:
        raise ProtocolError(
            f"{path} exists and states another protocol (digest {stated[:16]}, not {digest[:16]}).",
            "Give yours another name, another file (--out), or move that file.",
        )


def _schedule(steps: int) -> dict[str, int]:
    """Return a schedule of 20 epochs of `steps` / 20 batches, or of one where that is not whole."""
    epochs = 20 if steps % 20 == 0 else 1
    return {"epochs": epochs, "steps": steps, "decay_every": max(1, epochs // 10)}


def _corpora(named: Sequence[str], settings: "Settings") -> list[str]:
    """Replace languages by their corpora that are found; those that packages ship are for trials.

    Raises:
        CorpusNotFoundError: no corpus of a language is found.
        UnknownNameError: it is neither a corpus nor a language that is found.
    """
    from xlser.corpora import corpus_names, find_root, get_corpus
    from xlser.errors import CorpusNotFoundError, UnknownNameError

    known = {name: get_corpus(name) for name in corpus_names()}
    found = {
        name: corpus.language
        for name, corpus in known.items()
        if not corpus.packaged_root() and find_root(corpus, settings)
    }

    def of(name: str) -> Iterator[str]:
        spoken = [corpus for corpus, language in found.items() if language == name]
        if name not in known and not spoken:
            absent = [corpus for corpus, of in known.items() if of.language == name]
            if absent:
                raise CorpusNotFoundError(
                    f"No corpus of {name} is found here.",
                    "Name the folder of one (XLSER_DATA, xlser.toml), fetch one (`xlser corpora "
                    f"fetch NAME`), or name one that is shipped: there are {', '.join(absent)}.",
                )
            choices = [*known, *dict.fromkeys(found.values())]
            raise UnknownNameError("corpus, or language of corpora that are found,", name, choices)
        yield from [name] if name in known else spoken

    return list(dict.fromkeys(corpus for name in named for corpus in of(name)))


def _mapped(given: Sequence[str]) -> dict[str, dict[str, str]]:
    mapped: dict[str, dict[str, str]] = {}
    for each in given:
        corpus, colon, rest = each.partition(":")
        emotion, equals, of = rest.partition("=")
        if not (corpus and colon and emotion and equals and of):
            raise typer.BadParameter(f"{each!r}: write --map corpus:emotion=class.")
        mapped.setdefault(corpus, {})[emotion] = of
    return mapped
