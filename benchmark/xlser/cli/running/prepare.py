"""`xlser prepare`: log-mel features, computed once."""

from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import bar, messages, progress
from xlser.cli.parameters import with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options("data", "exclude")
def prepare(
    *,
    names: Annotated[list[str] | None, typer.Argument(help="Corpora; default: all found.")] = None,
    options: "RunOptions",
) -> None:
    """Compute and keep the log-mel features of corpora.

    `xlser run` does so by itself.
    """
    from xlser import audio
    from xlser.corpora import corpus_names, find_root, get_corpus, locate, read_for, scan
    from xlser.settings import Settings

    settings = Settings.gather(data=options.data, exclude=options.exclude)
    corpora = [get_corpus(name) for name in names or corpus_names()]
    if not names:
        corpora = [corpus for corpus in corpora if find_root(corpus, settings)]
    for corpus in corpora:
        exclusions = settings.exclude.get(corpus.name, ())
        inventory = scan(corpus, locate(corpus, settings), exclusions, read_for())
        with progress() as bars:
            store = audio.prepare(
                inventory,
                audio.FrontEnd(),
                settings.cache,
                bar(bars, f"log-mel of {corpus.name}"),
            )
        excluded = f", {len(inventory.excluded)} excluded" if inventory.excluded else ""
        messages(f"{corpus.name}: {len(store.ids)} utterances{excluded}, {store.folder}")
