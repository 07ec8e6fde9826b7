"""A protocol that contradicts itself or the published corpora is refused; the message says where.

Each fault is put into the demo, or into the paper's protocol where it takes a published flaw.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from xlser.audio import FrontEnd
from xlser.errors import InvalidProtocolError, ManifestError
from xlser.protocols import (
    Protocol,
    Schedule,
    get_protocol,
    load_manifest,
    protocol_names,
    write_manifest,
)
from xlser.system.files import digest_json

GERMAN = "demo-german"

Break = Callable[[dict[str, Any]], object]


def split(stated: dict[str, Any], corpus: str = GERMAN, seed: int = 0) -> dict[str, list[str]]:
    return stated["splits"][corpus][seed]


def labelled(stated: dict[str, Any], seed: int = 0) -> list[str]:
    return stated["labelling"][GERMAN][seed]


def of_test_speaker(stated: dict[str, Any]) -> None:
    labelled(stated)[3] = f"{split(stated)['test'][0]}-s1-anger"


def of_no_class(stated: dict[str, Any]) -> None:
    stated["classes"].remove("fear")


FAULTS: dict[str, tuple[Break, str, str]] = {
    "headline that is no metric": (
        lambda p: p.update(headline="recall-joy"),
        "headline: There is no metric 'recall-joy'.",
        "Known: accuracy, brier",
    ),
    "speaker in train and test": (
        lambda p: split(p)["train"].append(split(p)["test"][0]),
        "splits, corpus demo-german, seed 0: speaker {test} is in train and in test.",
        "Keep speaker {test} in one of them",
    ),
    "speaker in train and validation": (
        lambda p: split(p, seed=1)["validation"].append(split(p, seed=1)["train"][0]),
        "splits, corpus demo-german, seed 1: speaker",
        "roles must share no speaker",
    ),
    "speaker in validation and test": (
        lambda p: split(p)["validation"].append(split(p)["test"][0]),
        "speaker {test} is in validation and in test.",
        "Keep speaker {test}",
    ),
    "speaker twice in a role": (
        lambda p: split(p)["train"].append(split(p)["train"][0]),
        "splits, corpus demo-german, seed 0: train lists speaker",
        "List each once.",
    ),
    "empty train": (
        lambda p: split(p, seed=2)["train"].clear(),
        "splits, corpus demo-german, seed 2: train has no speaker.",
        "Name a speaker to train.",
    ),
    "empty test": (
        lambda p: split(p, "demo-english")["test"].clear(),
        "splits, corpus demo-english, seed 0: test has no speaker.",
        "Name a speaker to test.",
    ),
    "unknown speaker": (
        lambda p: split(p)["validation"].append("f99"),
        "splits, corpus demo-german, seed 0, validation: demo-german has no speaker f99.",
        "Choose from f1, f2, f3, f4, m1",
    ),
    "no splits of a corpus": (
        lambda p: p["splits"].pop(GERMAN),
        "splits lacks the corpus demo-german.",
        "Add demo-german to splits.",
    ),
    "splits of a corpus of no language": (
        lambda p: p["splits"].update({"emodb": p["splits"][GERMAN]}),
        "splits has the corpus emodb, which is not among those of the languages.",
        "Remove emodb from splits",
    ),
    "a seed without a split": (
        lambda p: p["splits"][GERMAN].pop(),
        "splits gives demo-german 2 splits for 3 seeds.",
        "one for each of the seeds 0, 1, 2",
    ),
    "a seed without an order of labelling": (
        lambda p: p["labelling"][GERMAN].pop(),
        "labelling gives demo-german 2 orders of labelling for 3 seeds.",
        "one for each of the seeds 0, 1, 2",
    ),
    "no labelling of a target": (
        lambda p: p["labelling"].pop(GERMAN),
        "labelling lacks the corpus demo-german.",
        "Add demo-german to labelling.",
    ),
    "labelling of the source": (
        lambda p: p["labelling"].update({"demo-english": p["labelling"][GERMAN]}),
        "labelling has the corpus demo-english, which is not among those of the target languages.",
        "Remove demo-english from labelling",
    ),
    "an unfilled budget": (
        lambda p: labelled(p, 1).pop(),
        "labelling, corpus demo-german, seed 1: 19 utterances do not fill the budget of 20;",
        "List 20 train utterances, or lower budgets.",
    ),
    "a labelled utterance twice": (
        lambda p: labelled(p).__setitem__(1, labelled(p)[0]),
        "labelling, corpus demo-german, seed 0: utterance {first} is listed twice.",
        "List each utterance once.",
    ),
    "an unknown labelled utterance": (
        lambda p: labelled(p).__setitem__(0, "f1-s9-anger"),
        "labelling, corpus demo-german, seed 0: demo-german has no utterance f1-s9-anger.",
        "Correct its name.",
    ),
    "a labelled test utterance": (
        of_test_speaker,
        "utterance {test}-s1-anger is of {test}, who does not train.",
        "Label train utterances alone.",
    ),
    "a labelled utterance of no class": (
        of_no_class,
        "has the emotion fear, which is not among the classes.",
        "Label utterances of anger, happiness, neutral, sadness alone.",
    ),
    "a class twice": (
        lambda p: p["classes"].append("anger"),
        "classes lists 'anger' twice.",
        "List each of classes once.",
    ),
    "a class that nobody speaks": (
        lambda p: p["classes"].append("angry"),
        "classes lists 'angry', which no utterance of english has.",
        "Choose from anger, fear, happiness, neutral, sadness.",
    ),
    "a seed twice": (
        lambda p: p.update(seeds=[0, 1, 1]),
        "seeds lists 1 twice.",
        "List each of seeds once.",
    ),
    "a negative seed": (
        lambda p: p.update(seeds=[0, 1, -1]),
        "seeds lists -1, which is negative.",
        "from 0",
    ),
    "a budget twice": (
        lambda p: p.update(budgets=[0, 20, 20]),
        "budgets lists 20 twice.",
        "List each of budgets once.",
    ),
    "a negative budget": (
        lambda p: p.update(budgets=[-5, 20]),
        "budgets lists -5, which is negative.",
        "from 0",
    ),
    "unsorted budgets": (
        lambda p: p.update(budgets=[20, 0]),
        "budgets lists 20 before 0.",
        "from the smallest to the largest",
    ),
    "no budget": (lambda p: p.update(budgets=[]), "budgets lists none", "List one or more"),
    "no seed": (lambda p: p.update(seeds=[]), "seeds is []", "Correct seeds."),
    "a source that is no language": (
        lambda p: p.update(source="polish"),
        "source is 'polish', which languages does not list.",
        "Choose from english, french, german, italian, persian.",
    ),
    "no target": (
        lambda p: p.update(languages={"english": ["demo-english"]}),
        "languages lists no language beside the source, english.",
        "Add a target language",
    ),
    "a language without a corpus": (
        lambda p: p["languages"].update(german=[]),
        "languages gives german no corpus.",
        "Name its corpora, or remove it.",
    ),
    "a corpus in source and target": (
        lambda p: p["languages"].update(german=["demo-english"]),
        "languages names the corpus demo-english twice.",
        "the same speech must not be in two roles",
    ),
    "an unregistered corpus": (
        lambda p: [
            p["languages"].update(german=["nobody"]),
            *(p[f].update(nobody=p[f].pop(GERMAN)) for f in ("splits", "labelling")),
        ],
        "languages, german: corpus nobody cannot be loaded: There is no corpus 'nobody'.",
        "Install the package that registers it",
    ),
    "groups of a corpus of no language": (
        lambda p: p.update(grouped_by={"shemo": [4, 6]}),
        "grouped_by has the corpus shemo",
        "Remove shemo from grouped_by",
    ),
    "groups by no characters": (
        lambda p: p.update(grouped_by={GERMAN: [6, 4]}),
        "grouped_by gives demo-german the characters 6 to 4, which are none.",
        "from 0",
    ),
    "no epochs": (
        lambda p: p["schedule"].update(epochs=0),
        "Schedule: epochs is 0: input should be greater than 0.",
        "Correct epochs.",
    ),
    "a window longer than its FFT": (
        lambda p: p["frontend"].update(window=2048),
        "FrontEnd: window is 2048 samples, n_fft only 1024.",
        "Make n_fft at least as long",
    ),
    "an unknown field": (
        lambda p: p.update(colour="red"),
        "Protocol has no field colour.",
        "Remove the field, or correct its name.",
    ),
    "an unknown field of a split": (
        lambda p: split(p).update(dev=[]),
        "Protocol has no field splits.demo-german.0.dev.",
        "Remove the field",
    ),
    "a missing field": (
        lambda p: p.pop("languages"),
        "Protocol states no languages.",
        "State languages.",
    ),
    "another type": (
        lambda p: split(p).update(train="everybody"),
        "Protocol: splits.demo-german.0.train is 'everybody'",
        "Correct splits.demo-german.0.train.",
    ),
    "a name that is no folder": (
        lambda p: p.update(name="../v1"),
        "Protocol: name is '../v1'",
        "Correct name.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place_and_remedy(fault: str, tmp_path: Path) -> None:
    ruin, problem, remedy = FAULTS[fault]
    sound = get_protocol("demo").stated()
    known = {"test": split(sound)["test"][0], "first": labelled(sound)[0]}
    stated = deepcopy(sound)
    ruin(stated)
    with pytest.raises(InvalidProtocolError) as made_by_hand:
        Protocol(**stated)
    assert problem.format(**known) in made_by_hand.value.problem
    assert remedy.format(**known) in made_by_hand.value.remedy
    path = manifest(tmp_path, stated)
    with pytest.raises(ManifestError) as loaded:
        load_manifest(path)
    assert loaded.value.problem == f"The manifest {path}: {made_by_hand.value.problem}"
    assert loaded.value.remedy == made_by_hand.value.remedy


def manifest(folder: Path, stated: dict[str, Any], **more: Any) -> Path:
    """Write a manifest whose digest is that of what it states."""
    digest = digest_json({n: v for n, v in stated.items() if n != "presentation"})
    path = folder / "made.json"
    path.write_text(json.dumps({**stated, "digest": digest, **more}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"name": "demo",', "is not valid JSON: "),
        (b"\xff\xfe", "is not valid JSON: "),
        (b'{"name": "demo", "name": "v1"}', "is not valid JSON: 'name' is stated twice"),
        (b"[" * 100_000, "is not valid JSON: "),
        (b"[]", "holds a list, not an object."),
        (b"{}", "does not have the digest it states: it states none"),
        (None, "is not there."),
    ],
)
def test_a_broken_file_is_named(content: bytes | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        load_manifest(path)
    assert caught.value.problem.startswith(f"The manifest {path} {problem}")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda p: p["schedule"].pop("crop"), "schedule.crop is not stated; it is 200."),
        (lambda p: p["frontend"].pop("hop"), "frontend.hop is not stated; it is 160."),
        (lambda p: p["frontend"].update(low=60), "frontend.low is 60 where it should be 60.0."),
        (lambda p: p.update(seeds=["0", 1, 2]), "seeds.0 is '0' where it should be 0."),
    ],
)
def test_a_manifest_leaves_nothing_to_defaults(change: Break, problem: str, tmp_path: Path) -> None:
    stated = get_protocol("demo").stated()
    change(stated)
    with pytest.raises(ManifestError) as caught:
        load_manifest(manifest(tmp_path, stated))
    assert caught.value.problem.endswith(f"made.json: {problem}")


def test_a_wrong_digest_is_named(tmp_path: Path) -> None:
    path = manifest(tmp_path, get_protocol("demo").stated(), digest="0" * 64)
    with pytest.raises(ManifestError, match=r"it states 0{64}, its content has 47ba83b0"):
        load_manifest(path)


@pytest.mark.parametrize("name", protocol_names())
def test_what_is_written_is_read_again(name: str, tmp_path: Path) -> None:
    protocol = get_protocol(name)
    write_manifest(protocol, tmp_path / "folder" / "again.json")
    again = load_manifest(tmp_path / "folder" / "again.json")
    assert again == protocol
    assert again.digest == protocol.digest


def test_a_copy_is_checked_as_well() -> None:
    with pytest.raises(InvalidProtocolError, match="do not fill the budget of 400"):
        get_protocol("v1").model_copy(update={"budgets": (0, 400)})
    with pytest.raises(InvalidProtocolError, match="Protocol has no field colour"):
        get_protocol("v1").model_copy(update={"colour": "red"})


def test_a_budget_beyond_the_train_speech_is_filled_by_all_of_it() -> None:
    stated = get_protocol("demo").stated()
    stated["budgets"] = [0, 20, 1000]
    for corpus, splits in stated["splits"].items():
        for seed, each in enumerate(splits):
            if corpus in stated["labelling"]:
                stated["labelling"][corpus][seed] = [
                    f"{speaker}-s{sentence}-{emotion}"
                    for speaker in each["train"]
                    for sentence in (1, 2, 3)
                    for emotion in stated["classes"]
                ]
    assert Protocol(**stated).budgets == (0, 20, 1000)
    labelled(stated).pop()
    with pytest.raises(InvalidProtocolError, match="do not fill the budget of 1000"):
        Protocol(**stated)


def test_speakers_may_overlap_where_the_split_is_over_groups_and_groups_may_not() -> None:
    paper = get_protocol("agarla2022").stated()
    assert Protocol(**paper).grouped_by == {"shemo": (4, 6)}
    split(paper, "shemo")["test"].append(split(paper, "shemo")["train"][0])
    with pytest.raises(InvalidProtocolError, match="corpus shemo, seed 0: group 03 is in train"):
        Protocol(**paper)
    split(paper, "shemo")["test"][-1] = "99"
    with pytest.raises(InvalidProtocolError, match="shemo has no group 99"):
        Protocol(**paper)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Schedule(learning_rate=-1.0), "Schedule: learning_rate is -1.0"),
        (lambda: Schedule(decay=float("nan")), "Schedule: decay is nan"),
        (lambda: Schedule(epoch=3), "Schedule has no field epoch."),
        (lambda: FrontEnd(hop=0), "FrontEnd: hop is 0"),
        (lambda: FrontEnd(low=8000.0), "FrontEnd: low is 8000.0 Hz, which is not below high"),
    ],
)
def test_a_part_made_by_hand_is_checked(make: Callable[[], object], problem: str) -> None:
    with pytest.raises(InvalidProtocolError) as caught:
        make()
    assert caught.value.problem.startswith(problem)
    assert caught.value.remedy
