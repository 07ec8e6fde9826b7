"""Cards of repositories: README.md with the metadata that the Hub reads."""

from functools import cache

from huggingface_hub import DatasetCardData, SpaceCardData
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from xlser.corpora import corpus_names, get_corpus
from xlser.records.record import SCHEMA
from xlser.results import Results
from xlser.site.explorer import citation

_TAGS = ("speech-emotion-recognition", "cross-lingual", "semi-supervised", "benchmark", "xlser")


def dataset_card(
    results: Results, repository: str, licence: str, table: str, space: str | None
) -> str:
    """Return the card of a dataset of results.

    Args:
        results: of a protocol.
        repository: `OWNER/NAME`.
        licence: of the records, as the Hub names it.
        table: path of the table in the repository.
        space: that shows the page; None for none.
    """
    protocol, runs = results.protocol, results.runs.frame
    targets = sorted(set(runs["target"]))
    files = f"{protocol.name}/results/**/*.parquet"
    data = DatasetCardData(
        pretty_name=f"XL-SER results: {protocol.name}",
        license=licence,
        tags=[*_TAGS, *targets],
        configs=[
            {"config_name": "table", "data_files": table, "default": True},
            {"config_name": "records", "data_files": files},
        ],
    )
    spoken = [name for target in targets for name in protocol.languages[target]]
    used = sorted({*protocol.source_corpora, *spoken})
    return _template("dataset.md.j2").render(
        metadata=data.to_yaml(),
        protocol=protocol,
        repository=repository,
        records=len(runs),
        methods=sorted(set(runs["method"])),
        targets=targets,
        schema=SCHEMA,
        corpora=[get_corpus(name) for name in used if name in corpus_names()],
        citation=citation(protocol),
        space=space,
    )


def space_card(results: Results, dataset: str) -> str:
    """Return the card of a Space that shows the page of a protocol.

    Args:
        results: of the protocol.
        dataset: that holds the records, `OWNER/NAME`.
    """
    data = SpaceCardData(
        title=f"XL-SER: {results.protocol.name}",
        sdk="static",
        app_file="index.html",
        datasets=[dataset],
        tags=list(_TAGS),
    )
    return _template("space.md.j2").render(
        metadata=data.to_yaml(), protocol=results.protocol, dataset=dataset
    )


@cache
def _template(name: str) -> Template:
    return Environment(
        loader=PackageLoader("xlser.hub"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown
    ).get_template(name)
