"""Corpora of other packages: found through entry points, and blamed by name when they fail."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xlser.corpora import corpus_names, get_corpus, locate
from xlser.errors import PluginError
from xlser.registry import package_of
from xlser.settings import Settings

Install = Callable[..., None]

WHOLE = """
from xlser.corpora import EMOTIONS, Corpus, Spoken, require

class Whole(Corpus):
    name, title, language = "whole", "Whole", "english"
    licence, homepage, citation, tree = "none", "example.org", "none", "whole/ann-fear.wav"
    speakers = {"ann": "female"}

    def names(self):
        return [f"ann-{emotion}" for emotion in EMOTIONS]

    def parse(self, name):
        require(name in self.names(), self, name)
        return Spoken("ann", name[4:], "1")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install packages as pip leaves them: a module, and a .dist-info with entry points."""

    def install(package: str, code: str, corpus: str, target: str | None = None) -> None:
        site = tmp_path / package
        info = site / f"{package}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        entry = f"{corpus} = {target or f'{package}:Whole'}"
        (info / "entry_points.txt").write_text(f"[xlser.corpora]\n{entry}\n")
        (site / f"{package}.py").write_text(code)
        monkeypatch.syspath_prepend(site)
        installed.append(package)

    installed: list[str] = []
    yield install
    for package in installed:
        sys.modules.pop(package, None)


def test_installed_corpus_is_one_of_the_corpora(install: Install, tmp_path: Path) -> None:
    install("other_speech", WHOLE, "whole")
    assert "whole" in corpus_names()
    assert package_of("xlser.corpora", "whole") == "other_speech 1.2"
    (tmp_path / "data/whole").mkdir(parents=True)
    settings = Settings.gather(data=tmp_path / "data")
    assert locate(get_corpus("whole"), settings) == tmp_path / "data/whole"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import a_module_nobody_has", "a_module_nobody_has"),
        ("raise RuntimeError('no licence key')", "RuntimeError: no licence key"),
        ("class Hole: pass", "AttributeError"),
        ("def", "SyntaxError"),
    ],
)
def test_failing_import_names_the_package_and_says_why(
    install: Install, code: str, why: str
) -> None:
    install("broken_speech", code, "whole")
    with pytest.raises(PluginError, match=r"package broken_speech 1\.2 fails to import") as error:
        get_corpus("whole")
    assert why in error.value.problem
    assert "pip uninstall broken_speech" in error.value.remedy


def test_failing_import_leaves_the_other_corpora_alone(install: Install) -> None:
    install("sick_speech", "import a_module_nobody_has", "whole")
    assert "whole" in corpus_names()
    assert get_corpus("emodb").name == "emodb"


def test_clash_names_both_packages(install: Install) -> None:
    install("first_speech", WHOLE, "whole")
    install("second_speech", WHOLE, "whole")
    with pytest.raises(PluginError, match="Several packages register the corpus 'whole'") as error:
        get_corpus("whole")
    assert "first_speech" in error.value.problem
    assert "second_speech" in error.value.problem


def test_clash_with_a_corpus_of_the_suite_names_both_packages(install: Install) -> None:
    install("rival_speech", WHOLE, "emodb")
    with pytest.raises(PluginError, match="rival_speech") as error:
        get_corpus("emodb")
    assert "xlser (xlser_corpora.european.emodb:EmoDB)" in error.value.problem


@pytest.mark.parametrize("target", ["not_speech:Whole", "not_speech:whole", "not_speech"])
def test_what_is_no_corpus_is_refused(install: Install, target: str) -> None:
    install("not_speech", "class Whole: pass\nwhole = Whole()", "whole", target)
    with pytest.raises(PluginError, match=r"not a subclass of xlser\.corpora\.corpus\.Corpus"):
        get_corpus("whole")


def test_half_written_corpus_is_refused_with_what_it_lacks(install: Install) -> None:
    code = "from xlser.corpora import Corpus\nclass Whole(Corpus): pass"
    install("half_speech", code, "whole")
    with pytest.raises(PluginError, match=r"package half_speech 1\.2 .* lacks parse"):
        get_corpus("whole")
