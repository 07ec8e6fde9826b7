"""Standardised embeddings: by whom, what becomes of dead dimensions, and what is refused."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from tests.tasks import nothing, small_task
from torch import Tensor

from xlser.conformance import check_method
from xlser.errors import MethodError
from xlser.methods import (
    Labelled,
    Method,
    Predictor,
    Speech,
    Standardisation,
    Statistics,
    Task,
    floored,
)
from xlser.methods.declaration import DECLARATIONS
from xlser.training import GradientMethod


def embeddings(count: int, seed: int, mean: float = 0.0, deviation: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return mean + deviation * torch.randn(count, 32, generator=generator)


def speech(features: Tensor, speaker: Tensor | None = None) -> Speech:
    lengths = torch.ones(len(features), dtype=torch.long)
    return Speech(features, lengths, {} if speaker is None else {"speaker": speaker})


def labelled(features: Tensor, speaker: Tensor | None = None) -> Labelled:
    return Labelled(speech(features, speaker), torch.arange(len(features)) % 5)


def task(**changes: Any) -> Task:
    """Source, its validation, and a target that is moved and wider; a fifth of it is labelled."""
    parts = {
        "source": labelled(embeddings(60, 1, mean=1.0)),
        "source_validation": labelled(embeddings(20, 2, mean=1.0)),
        "target_labelled": labelled(embeddings(20, 3, mean=5.0, deviation=3.0)),
        "target_unlabelled": speech(embeddings(80, 4, mean=5.0, deviation=3.0)),
    }
    return small_task("frozen", **{**parts, **changes})


def is_standard(x: Tensor) -> bool:
    return bool(
        x.mean(dim=0).abs().max() < 1e-5 and (x.std(dim=0, correction=0) - 1).abs().max() < 1e-4
    )


def everything(of: Task) -> list[Tensor]:
    parts = [of.source.speech, of.source_validation.speech, of.target_labelled.speech]
    return [part.features for part in [*parts, of.target_unlabelled]]


def test_none_leaves_everything_as_it_is() -> None:
    given = task()
    heard = speech(embeddings(5, 9))
    for by in (None, "none"):
        standard = given.standardised(by)
        assert standard.task is given
        assert standard(heard) is heard
        assert standard.statistics is None


def test_by_the_source_all_speech_is_moved_alike() -> None:
    given, standard = task(), task().standardised("source")
    assert is_standard(standard.task.source.speech.features)
    mean = given.source.speech.features.mean(dim=0)
    deviation = given.source.speech.features.std(dim=0, correction=0)
    for before, after in zip(everything(given), everything(standard.task), strict=True):
        assert torch.allclose(after, (before - mean) / deviation, atol=1e-5)


def test_by_what_is_labelled_source_and_target_are_taken_together() -> None:
    done = task().standardised("labelled").task
    both = torch.cat([done.source.speech.features, done.target_labelled.speech.features])
    assert is_standard(both)


def test_by_language_each_has_its_own_and_the_test_speech_the_targets() -> None:
    given, standard = task(), task().standardised("language")
    done = standard.task
    target = [done.target_labelled.speech.features, done.target_unlabelled.features]
    assert is_standard(done.source.speech.features)
    assert is_standard(torch.cat(target))
    of_source = Statistics.of(given.source.speech.features)
    validation = of_source(given.source_validation.speech.features)
    assert torch.equal(done.source_validation.speech.features, validation)
    assert torch.equal(standard(given.target_unlabelled).features, done.target_unlabelled.features)


def test_test_speech_enters_no_statistics() -> None:
    standard = task().standardised("language")
    heard = speech(embeddings(50, 7, mean=-20.0))
    together = standard(heard).features
    alone = torch.cat([standard(heard[torch.tensor([i])]).features for i in range(50)])
    assert torch.equal(together, alone)
    assert together.mean() < -5


def test_each_source_language_has_its_own() -> None:
    source = torch.cat([embeddings(30, 1), embeddings(30, 2, mean=9.0, deviation=4.0)])
    domain = torch.arange(60) // 30
    valid = labelled(embeddings(10, 3, mean=9.0, deviation=4.0))
    given = task(
        source=replace(labelled(source), domain=domain),
        source_validation=replace(valid, domain=torch.ones(10, dtype=torch.long)),
    )
    done = given.standardised("language").task
    for language in (0, 1):
        assert is_standard(done.source.speech.features[domain == language])
    assert done.source_validation.speech.features.mean().abs() < 0.2


def test_by_speaker_train_speech_has_its_speakers_and_test_speech_its_language() -> None:
    source, target = torch.arange(60) // 20, 3 + torch.arange(100) % 4
    given = task(
        source=labelled(embeddings(60, 1) + source[:, None], source),
        target_labelled=labelled(embeddings(20, 3) + 5 * target[:20, None], target[:20]),
        target_unlabelled=speech(embeddings(80, 4) + 5 * target[20:, None], target[20:]),
    )
    standard = given.standardised("speaker")
    done = standard.task
    for number in range(3):
        assert is_standard(done.source.speech.features[source == number])
    x = torch.cat([done.target_labelled.speech.features, done.target_unlabelled.features])
    for number in range(3, 7):
        assert is_standard(x[target == number])
    by_language = given.standardised("language")
    assert torch.equal(
        done.source_validation.speech.features,
        by_language.task.source_validation.speech.features,
    )
    heard = speech(embeddings(5, 8))
    assert torch.equal(standard(heard).features, by_language(heard).features)


def test_speakers_of_few_utterances_are_standardised_by_their_language() -> None:
    speaker = torch.cat([torch.zeros(51, dtype=torch.long), torch.ones(9, dtype=torch.long)])
    target = torch.full((80,), 2)
    given = task(
        source=labelled(embeddings(60, 1), speaker),
        target_labelled=labelled(embeddings(20, 3), target[:20]),
        target_unlabelled=speech(embeddings(80, 4), target),
    )
    few = given.standardised("speaker").task.source.speech.features[51:]
    language = given.standardised("language").task.source.speech.features[51:]
    assert torch.equal(few, language)


def test_of_few_target_utterances_the_deviation_is_the_sources() -> None:
    given = task(target_labelled=nothing("frozen"), target_unlabelled=speech(embeddings(1, 4)))
    statistics = given.standardised("language").statistics
    assert statistics is not None
    assert torch.equal(statistics.mean, given.target_unlabelled.features[0])
    source = Statistics.of(given.source.speech.features)
    assert torch.equal(statistics.deviation, source.deviation)


@pytest.mark.parametrize("by", [by for by in get_args(Standardisation) if by != "speaker"])
@pytest.mark.parametrize("dead_in", ["source", "target", "both"])
def test_dimensions_that_hardly_vary_stay_small(by: Standardisation, dead_in: str) -> None:
    given = task()
    for part in everything(given)[:2] if dead_in != "target" else []:
        part[:, 0], part[:, 1] = 7.0, 7.0 + 1e-6 * part[:, 1]
    for part in everything(given)[2:] if dead_in != "source" else []:
        part[:, 0], part[:, 1] = 7.0, 7.0 + 1e-6 * part[:, 1]
    for x in everything(given.standardised(by).task):
        assert x.isfinite().all()
        assert x.abs().max() < 200


def test_a_dimension_without_variance_counts_as_in_scikit_learn() -> None:
    from sklearn.preprocessing import StandardScaler

    x = embeddings(50, 1)
    x[:, 0], x[:, 1] = 3.0, 3.0 + 1e-7 * x[:, 1]
    scaler = StandardScaler().fit(x.numpy())
    scaler.scale_ = floored(torch.from_numpy(scaler.scale_)).numpy()
    ours = Statistics.of(x)(x)
    assert torch.equal(ours, torch.from_numpy(scaler.transform(x.numpy())))
    assert ours[:, 0].abs().max() == 0


@pytest.mark.parametrize("by", ["language", "speaker"])
def test_without_target_speech_its_statistics_are_refused(by: Standardisation) -> None:
    none = nothing("frozen")
    given = task(target_labelled=none, target_unlabelled=none.speech)
    with pytest.raises(MethodError, match="needs speech of it, and the task holds none"):
        given.standardised(by)


def test_without_speakers_theirs_are_refused() -> None:
    with pytest.raises(MethodError, match="needs the speakers of train speech") as caught:
        task().standardised("speaker")
    assert 'attributes = ("speaker",)' in caught.value.remedy


def test_log_mels_are_not_standardised() -> None:
    with pytest.raises(MethodError, match="is of embeddings, and this task holds log-mels"):
        small_task("finetune").standardised("source")
    assert small_task("finetune").standardised("none").statistics is None


# Methods that declare it.


class Nearest(Method):
    """The nearest class mean over standardised embeddings."""

    name = "nearest"
    target_labels = "few"
    citation = "nobody (2026)"
    tracks = ("frozen",)
    standardisation: Standardisation | None = "language"

    def fit(self, task: Task) -> Predictor:
        standard = task.standardised(self.standardisation)
        source = standard.task.source
        x, y = source.speech.features, source.emotion
        self.means = torch.stack([x[y == c].mean(dim=0) for c in range(5)])
        return standard.predictor(self)

    def predict(self, speech: Speech) -> Tensor:
        return (-torch.cdist(speech.features, self.means)).softmax(dim=1)


class Unannotated(Nearest):
    standardisation = "language"


class Trained(GradientMethod):
    """Cross-entropy on source and labelled target."""

    name = "trained"
    target_labels = "few"
    citation = "nobody (2026)"
    tracks = ("frozen",)


@pytest.mark.parametrize("by", get_args(Standardisation))
def test_a_method_with_any_standardisation_keeps_the_contract(by: Standardisation) -> None:
    for kind in (Nearest, Trained):
        report = check_method(type(kind.__name__, (kind,), {"standardisation": by}))
        assert report.passed, str(report)


def test_records_state_an_annotated_standardisation_and_a_changed_one() -> None:
    assert Nearest().settings() == {"standardisation": "language"}
    assert Nearest().changed_settings() == ()
    assert Trained().settings() == {}
    changed = Trained(standardisation="none")
    assert changed.settings() == {"standardisation": "none"}
    assert changed.changed_settings() == ("standardisation",)
    assert Trained(**changed.settings()).standardisation == "none"


def test_a_method_that_leaves_it_to_itself_has_no_such_setting() -> None:
    class Raw(Nearest):
        standardisation = None

    assert Raw.default_settings() == {}
    with pytest.raises(MethodError, match="standardisation"):
        Raw(standardisation="source")


def test_another_word_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(MethodError, match="'none', 'source', 'labelled', 'language' or 'speaker'"):
        Trained(standardisation="corpus")


def test_speakers_are_told_to_who_standardises_by_them() -> None:
    assert Trained().carried_attributes() == ()
    assert Trained(standardisation="speaker").carried_attributes() == ("speaker",)
    named = type("Named", (Trained,), {"attributes": ("speaker", "gender")})
    assert named(standardisation="speaker").carried_attributes() == ("speaker", "gender")


def test_the_shared_source_model_serves_source_and_language_alone() -> None:
    served = {
        by
        for by in get_args(Standardisation)
        if Trained(standardisation=by).starts_from_source_model()
    }
    assert served == {"source", "language"}


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"standardisation": "corpus"}, "standardisation='corpus'"),
        ({"uses_target": "no"}, "uses_target='no'"),
        ({"uses_target": False}, 'uses_target=False and target_labels="few"'),
        ({"uses_target": False, "target_labels": "none"}, 'standardisation="language" and uses'),
    ],
)
def test_unsound_declarations_are_named(facts: dict[str, Any], fault: str) -> None:
    kind = type("Unsound", (Unannotated,), facts)
    faults = []
    for declaration in DECLARATIONS:
        try:
            declaration(kind)
        except MethodError as error:
            faults.append(str(error))
    assert any(fault in each for each in faults), faults


# Gradient methods.


def answers(method: Method, given: Task) -> Tensor:
    torch.manual_seed(0)
    return method.fit(given).predict(speech(embeddings(25, 9, mean=5.0, deviation=3.0)))


def test_by_language_a_network_learns_what_it_would_from_a_target_like_the_source() -> None:
    """Moving and stretching the target changes nothing that the network sees."""
    given = task()
    moved = task(
        target_labelled=labelled(given.target_labelled.speech.features * 7 + 3),
        target_unlabelled=speech(given.target_unlabelled.features * 7 + 3),
    )
    method = Trained(standardisation="language")
    own = answers(method, given)
    heard = speech(embeddings(25, 9, mean=5.0, deviation=3.0) * 7 + 3)
    torch.manual_seed(0)
    others = Trained(standardisation="language").fit(moved).predict(heard)
    assert torch.allclose(own, others, atol=1e-3)
    assert not torch.allclose(answers(Trained(), given), answers(Trained(), moved), atol=1e-3)


def test_by_language_a_network_starts_from_the_shared_source_model() -> None:
    class Kept(Trained):
        stages = ("source",)

    from xlser.training import train_source_model

    given = task()
    shared = train_source_model(given)
    method = Kept(standardisation="language")
    method.fit(replace(given, source_model=shared))
    weights = method.model.state_dict()
    assert torch.equal(weights["head.weight"], shared["head.weight"])
    assert torch.equal(weights["encoder.mean"], torch.zeros(32))
    assert torch.equal(weights["encoder.std"], torch.ones(32))


def test_without_a_choice_a_network_is_trained_as_before() -> None:
    """Bit for bit: the model holds the source's statistics, and the task comes as it is."""
    given = task()
    method = Trained()
    method.fit(given)
    source = given.source.speech.features
    assert torch.equal(method.model.encoder.mean, source.mean(dim=0))
    assert torch.equal(method.model.encoder.std, floored(source.std(dim=0)))
