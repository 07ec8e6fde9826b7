"""Protocols that a TOML file states by a rule: what is frozen, and each fault in words.

docs/protocols.md lists the faults; a test compares its table with `FAULTS`.
"""

import re
from pathlib import Path

import pytest

from xlser.errors import InvalidProtocolError, ManifestError
from xlser.protocols import find_protocol, load_manifest, write_manifest
from xlser.settings import Settings

SOUND = """\
name = "mine"
sources = ["demo-english"]
targets = ["demo-german", "demo-italian"]
seeds = 2
folds = 2
budgets = [0, 10, 20]
headline_budgets = [10, 20]
"""

# ruff: noqa: E501
FAULTS: dict[str, tuple[str, str, str, str]] = {
    "not TOML": ('name = "mine"', "name = mine", "is not valid TOML", "Correct it there"),
    "a field left out": ('targets = ["demo-german", "demo-italian"]\n', "", "targets is not", "Sta"),
    "an unknown field": ("folds = 2", "fold = 2", "no field fold", "Did you mean 'folds'"),
    "an unknown rule": ("seeds = 2", 'rule = "loso"\nseeds = 2', "'loso'", "kfold, rotating, fixed"),
    "an unknown corpus": ('"demo-german"', '"demo-dutch"', "no corpus 'demo-dutch'", "Did you mean"),
    "a language for a corpus": ('["demo-english"]', '["english"]', "the language english", "ravdess"),
    "one language on both sides": (
        '["demo-english"]', '["demo-english", "emodb"]', "german is the language of", "Give each",
    ),
    "more folds than speakers": ("folds = 2", "folds = 9", "8 speakers for 9 folds", "from 2 to 8"),
    "no seed": ("seeds = 2", "seeds = 0", "seeds is 0", "Give their number"),
    "budgets that fall": ("[0, 10, 20]", "[0, 20, 10]", "lists 20 before 10", "smallest"),
    "a budget beyond the speech": ("[0, 10, 20]", "[0, 10, 20, 900]", "900 labels", "up to 60"),
    "a class that no source has": (
        "seeds = 2", 'classes = ["anger", "sadness", "pride"]\nseeds = 2',
        "classes lists 'pride'", "anger, fear",
    ),
    "classes that a corpus lacks": (
        "seeds = 2", 'classes = ["pride", "relief"]\nseeds = 2', "lists no utterance of", "Choose",
    ),
    "an emotion mapped to no class": (
        "", "[label_map.demo-german]\nfear = 'worry'\n",
        "'fear' stands for 'worry'", "Choose from anger",
    ),
    "a corpus mapped that takes no part": (
        "", "[label_map.turev]\ncalm = 'neutral'\n", "names turev", "demo-english",
    ),
    "a headline that no metric bears": (
        "seeds = 2", 'headline = "wer"\nseeds = 2', "no metric 'wer'", "ua",
    ),
    "a headline over budgets that are not": ("[10, 20]", "[10, 50]", "lists 50", "0, 10, 20"),
    "steps that make no whole epochs": (
        "headline_budgets", "schedule = {epochs = 3, steps = 200}\nheadline_budgets",
        "steps is 200, no multiple of epochs", "steps / epochs",
    ),
    "a rule without its split": ("folds = 2", 'rule = "fixed"', "states no split", "column 'split'"),
    "the name of a registered protocol": ('"mine"', '"v1"', "a registered protocol", "another name"),
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_a_remedy(fault: str, tmp_path: Path, settings: Settings) -> None:
    old, new, problem, remedy = FAULTS[fault]
    text = SOUND.replace(old, new, 1) if old else SOUND + new
    assert text != SOUND
    with pytest.raises((ManifestError, InvalidProtocolError)) as caught:
        find_protocol(written(tmp_path, text), settings=settings)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    if fault != "the name of a registered protocol":
        assert str(tmp_path / "mine.toml") in caught.value.problem


def test_the_docs_list_every_fault() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text(encoding="utf-8")
    table = docs.partition("| fault | what is printed |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE) == [*FAULTS]


def test_the_same_statement_gives_the_same_digest(tmp_path: Path, settings: Settings) -> None:
    first = find_protocol(written(tmp_path, SOUND), settings=settings)
    reordered = "".join(reversed(SOUND.splitlines(keepends=True)))
    again = find_protocol(written(tmp_path, reordered), settings=settings)
    assert first.digest == again.digest
    other = find_protocol(
        written(tmp_path, SOUND.replace("seeds = 2", "seeds = 3")), settings=settings
    )
    assert other.digest != first.digest


def test_a_manifest_of_it_is_the_same_protocol(tmp_path: Path, settings: Settings) -> None:
    protocol = find_protocol(written(tmp_path, SOUND), settings=settings)
    write_manifest(protocol, tmp_path / "mine.json")
    assert load_manifest(tmp_path / "mine.json") == protocol
    assert find_protocol(tmp_path / "mine.json").digest == protocol.digest


def test_budgets_default_to_those_that_can_be_filled(tmp_path: Path, settings: Settings) -> None:
    text = SOUND.replace("budgets = [0, 10, 20]\n", "").replace("headline_budgets = [10, 20]\n", "")
    assert find_protocol(written(tmp_path, text), settings=settings).budgets == (0, 25, 50)


def test_random_draws_differ_from_balanced_ones(tmp_path: Path, settings: Settings) -> None:
    balanced = find_protocol(written(tmp_path, SOUND), settings=settings)
    text = SOUND + 'labelling = "random"\n'
    random = find_protocol(written(tmp_path, text), settings=settings)
    assert (balanced.labelling_rule, random.labelling_rule) == ("balanced", "random")
    assert balanced.fold_speakers == random.fold_speakers
    assert balanced.labelling != random.labelling


def test_several_sources_are_numbered(tmp_path: Path, settings: Settings) -> None:
    text = SOUND.replace('["demo-english"]', '["demo-english", "demo-french"]')
    protocol = find_protocol(written(tmp_path, text), settings=settings)
    assert protocol.sources == ("english", "french")
    assert "source" not in protocol.stated()
    assert protocol.targets == ("german", "italian")
    ids = ["demo-french/a", "demo-english/b", "demo-french/c"]
    assert protocol.domains(ids) == [1, 0, 1]
