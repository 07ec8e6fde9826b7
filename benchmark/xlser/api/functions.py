"""What `import xlser` offers: functions of a few lines over the pipeline and the results."""

import re
import sys
import warnings
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, TypeVar

from pydantic.fields import FieldInfo

from xlser.api.options import Options, PublishOptions, RunOptions
from xlser.api.pipeline import carry_out
from xlser.api.publishing import publish_results
from xlser.api.results import Results, load
from xlser.api.training import train_model
from xlser.conformance import Check
from xlser.conformance import Report as Conformance
from xlser.conformance import check_method as check_class
from xlser.conformance.corpora import contract_faults
from xlser.corpora import Corpus, find_root, get_corpus
from xlser.errors import SettingsError
from xlser.hub.address import local_folder
from xlser.hub.publication import Publication
from xlser.methods import MethodLike, resolve_method
from xlser.models import Model
from xlser.models import load_model as load_model
from xlser.monitoring.bars import Bars
from xlser.monitoring.console import Messages
from xlser.protocols import Labels, Protocol, find_protocol, names_with_results
from xlser.results import Comparison
from xlser.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def _with_options(model: type[Options]) -> Callable[[F], F]:
    """Give a function that takes `**options` the fields of a model as its parameters."""

    def decorate(function: F) -> F:
        own = list(Signature.from_callable(function).parameters.values())
        named = {parameter.name for parameter in own}
        fields = {name: of for name, of in model.model_fields.items() if name not in named}
        options = [_parameter(name, of) for name, of in fields.items()]
        fixed = [parameter for parameter in own if parameter.kind is not Parameter.VAR_KEYWORD]
        vars(function)["__signature__"] = Signature([*fixed, *options])
        lines = "\n".join(f"        {name}: {of.description}" for name, of in fields.items())
        function.__doc__ = re.sub(
            r"^ +\*\*options: .*$", lambda _: lines, function.__doc__ or "", flags=re.M
        )
        return function

    return decorate


def _parameter(name: str, of: FieldInfo) -> Parameter:
    default = Parameter.empty if of.is_required() else of.default
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=of.annotation)


@_with_options(RunOptions)
def run(
    methods: MethodLike | Sequence[MethodLike] = (),
    *,
    progress: bool | None = None,
    **options: Any,
) -> Results:
    """Run methods through a protocol and return all results of it that are recorded.

    Each run leaves a record below `<leaderboards>/<protocol>/results`. Runs that are recorded
    already are not repeated. Nothing else is written but the cache (XLSER_CACHE).

    Args:
        methods: one method or several: names, classes, instances with their hyper-parameters, or
            `module:Class`; default: all that are installed. A class needs no package.
        progress: whether to show messages, and bars at a terminal; default: at a terminal alone.
        **options: those of the runs.

    Returns:
        The results of the protocol in that folder, earlier runs included. `failures` of them
        lists the runs that failed just now; a warning names them.

    Raises:
        SettingsError: an option is unknown or cannot be used.
        XlserError: a method, corpus or weights cannot be found or used.

    Example:
        >>> import xlser
        >>> results = xlser.run("svm", target="german", seeds=0, labels=20)  # doctest: +SKIP
        >>> results.frame[["row", "metric", "value"]]  # doctest: +SKIP
    """
    asked = RunOptions(methods=methods, **options)
    shown = sys.stderr.isatty() if progress is None else progress
    messages = Messages("text" if shown else "none")
    with Bars(messages) as bars:
        finished = carry_out(asked, messages, bars, "xlser.run")
    if finished.failures:
        message = "; ".join(
            f"{failure['run']}: {failure['message']}" for failure in finished.failures
        )
        warnings.warn(
            f"{len(finished.failures)} of {len(finished.plan.todo)} runs failed: {message}",
            stacklevel=2,
        )
    return load(finished.grid.protocol, asked.leaderboards, finished.failures)


def load_results(
    leaderboards: str | Path = "leaderboards", protocol: str | Protocol | None = None
) -> Results:
    """Read the results of a protocol, here or on the Hugging Face Hub.

    Records from the Hub are data, checked as all are; they are kept in the cache of
    huggingface_hub and need no network again.

    Args:
        leaderboards: folder of leaderboards, with a folder for each protocol; or a dataset of the
            Hub, `hf://datasets/OWNER/NAME`, with `@REVISION` if need be.
        protocol: by name or as an object; default: the only one that has results there.

    Raises:
        SettingsError: the folder has results of no protocol, or of several and none is named.
        UnknownNameError: no such protocol.
        RecordError: a file is not a record.
        HubError: the dataset cannot be had.

    Example:
        >>> import xlser
        >>> xlser.load_results("leaderboards", "v1").frame  # doctest: +SKIP
        >>> xlser.load_results("hf://datasets/owner/name", "v1").frame  # doctest: +SKIP
    """
    folder = local_folder(leaderboards)
    return load(_protocol_of(protocol, folder), folder)


def _protocol_of(protocol: str | Protocol | None, folder: Path) -> Protocol:
    """Return a protocol; if none is named, the only one that has results in a folder."""
    if protocol is None:
        found = names_with_results(folder)
        if len(found) != 1:
            raise SettingsError(
                f"{folder} holds results of {', '.join(found) or 'no protocol'}.",
                "Name one: protocol=...."
                if found
                else "Make some with xlser.run, or name another folder.",
            )
        (protocol,) = found
    return find_protocol(protocol, folder)


@_with_options(PublishOptions)
def publish(protocol: str | Protocol | None = None, **options: Any) -> Publication:
    """Send results to the Hugging Face Hub: the records as a dataset, the page as a Space.

    Without `yes` nothing is sent, and no request is made. The token is huggingface_hub's own
    (`hf auth login`, or HF_TOKEN).

    Args:
        protocol: by name or as an object; default: the only one that has results.
        **options: those of publishing.

    Returns:
        What is sent: files by repository, and the addresses of the commits (`sent`).

    Raises:
        SettingsError: an option is unknown or cannot be used.
        RecordError: there are no records, or one is not sound.
        HubError: there is no token, the Hub refuses it, or cannot be reached.

    Example:
        >>> import xlser
        >>> xlser.publish("v1", to="owner/results-v1").uploads  # doctest: +SKIP
        >>> xlser.publish("v1", to="owner/results-v1", yes=True).sent  # doctest: +SKIP
    """
    asked = PublishOptions(protocol=protocol, **options)
    return publish_results(_protocol_of(asked.protocol, asked.leaderboards), asked)


def compare(
    a: str,
    b: str,
    *,
    protocol: str | Protocol | None = None,
    target: str | Sequence[str] = (),
    labels: Labels | Sequence[Labels] = (),
    metric: str | None = None,
    leaderboards: str | Path = "leaderboards",
) -> Comparison:
    """Compare two methods wherever both have records of the same target, budget and seeds.

    Args:
        a: one method, as the rows of tables name it.
        b: the other.
        protocol: by name or as an object; default: the only one that has results.
        target: languages to look at; default: all that both have.
        labels: label budgets to look at; default: all that both have.
        metric: to compare; default: the protocol's headline.
        leaderboards: folder of leaderboards, or a dataset of the Hub, as of `load_results`.

    Raises:
        UnknownNameError: no such protocol, row, target or metric.
        RecordError: there is no target and label budget at which both have records.

    Example:
        >>> import xlser
        >>> xlser.compare("svm", "nnpm", protocol="demo", labels=20)  # doctest: +SKIP
    """
    return load_results(leaderboards, protocol).compare(
        a,
        b,
        targets=[target] if isinstance(target, str) else target,
        labels=[labels] if isinstance(labels, str | int) else labels,
        metric=metric,
    )


def train(
    method: MethodLike,
    out: str | Path,
    *,
    target: str,
    labels: int | None = None,
    seed: int | None = None,
    fold: int | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Model:
    """Train a method under a protocol and save it: a safetensors file and a JSON card.

    It learns from what one run of the protocol learns from, and is tested on the speakers that
    this run tests on.

    Args:
        method: a name, a class, or an instance with its hyper-parameters.
        out: folder of the model; must not be there.
        target: language it is for.
        labels: label budget; default: the largest that the method can use.
        seed: of the protocol; default: the first.
        fold: of the seed; default: the first.
        progress: whether to show messages, and bars at a terminal; default: at a terminal alone.
        **options: those of `xlser.run`: protocol, backbone, track, settings, data, weights, ...

    Raises:
        ModelError: the folder is there, or the fitted method cannot be saved.
        SettingsError: an option is unknown or cannot be used.
        XlserError: a method, corpus or weights cannot be found or used.

    Example:
        >>> import xlser
        >>> model = xlser.train("sft", "model", protocol="v1", target="german")  # doctest: +SKIP
        >>> model.predict("hello.wav")  # doctest: +SKIP
    """
    several = {"labels": labels, "seeds": seed, "folds": fold}
    given = {name: value for name, value in several.items() if value is not None}
    asked = RunOptions(methods=method, target=target, **given, **options)
    shown = sys.stderr.isatty() if progress is None else progress
    messages = Messages("text" if shown else "none")
    with Bars(messages) as bars:
        return train_model(asked, Path(out), messages, bars)


def check_method(method: MethodLike) -> Conformance:
    """Check a method against the contract, on small synthetic tasks; some seconds.

    Args:
        method: a name, a class, an instance, or `module:Class`.

    Returns:
        The checks; `passed` states whether all passed, `faults` lists those that failed.

    Raises:
        UnknownNameError: no package registers the name.
        PluginError: the class cannot be imported.
        MethodError: what the class declares is not sound.

    Example:
        >>> import xlser
        >>> xlser.check_method("svm").passed  # doctest: +SKIP
        True
    """
    kind, _ = resolve_method(method)
    return check_class(kind)


def check_corpus(corpus: str | Corpus, data: Path | None = None) -> Conformance:
    """Check what a corpus reads from the names of its recordings; moments.

    Args:
        corpus: a name, or an instance.
        data: folder with one folder per corpus (stronger than XLSER_DATA), for a corpus without a
            list of names.

    Returns:
        The checks; `passed` states whether all passed, `faults` lists those that failed.

    Raises:
        UnknownNameError: there is no such corpus.
        CorpusContractError: it lists no names, and lies in no folder.
    """
    chosen = get_corpus(corpus) if isinstance(corpus, str) else corpus
    root = find_root(chosen, Settings.gather(data=data))
    checks = contract_faults(chosen, root).items()
    return Conformance(chosen.name, tuple(Check(name, None, fault) for name, fault in checks))
