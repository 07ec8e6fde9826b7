from textwrap import dedent

import pytest
from tests.packages import Package

from xlser.errors import PluginError, UnknownNameError
from xlser.methods import get_method, method_names

SOUND = """
    from xlser.methods import Method

    class Mine(Method):
        name = "mine"
        target_labels = "none"
        citation = "nobody (2024)"

        def fit(self, task): ...
"""


def test_a_strangers_method_is_found_by_name(package: Package) -> None:
    package.install("sound_plugin", SOUND, mine="Mine")
    assert "mine" in method_names()
    assert get_method("mine").__module__ == "sound_plugin"


def test_listing_names_imports_nothing(package: Package) -> None:
    package.install("never_imported_plugin", "raise SystemError", mine="Mine")
    assert "mine" in method_names()


def test_a_method_that_fails_to_import_names_its_package_and_the_reason(package: Package) -> None:
    package.install("broken_plugin", "import no_such_module_anywhere", mine="Mine")
    with pytest.raises(PluginError) as caught:
        get_method("mine")
    assert "strangers 1.2.3 fails to import" in caught.value.problem
    assert "No module named 'no_such_module_anywhere'" in caught.value.problem
    assert "pip uninstall strangers" in caught.value.remedy


def test_an_entry_point_without_its_class_is_an_import_failure(package: Package) -> None:
    package.install("misspelt_plugin", SOUND, mine="Mien")
    with pytest.raises(PluginError, match=r"strangers 1\.2\.3 fails to import.*Mien"):
        get_method("mine")


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("function_plugin", "def Mine(task): ..."),
        ("other_class_plugin", "class Mine: name = 'mine'"),
    ],
)
def test_what_is_not_a_method_is_refused(package: Package, module: str, code: str) -> None:
    package.install(module, code, mine="Mine")
    with pytest.raises(PluginError, match=r"is not a subclass of xlser\.methods\.method\.Method"):
        get_method("mine")


@pytest.mark.parametrize("lacking", ["target_labels", "citation"])
def test_an_attribute_a_method_does_not_state_is_named(package: Package, lacking: str) -> None:
    lines = [line for line in SOUND.splitlines() if not line.strip().startswith(f"{lacking} =")]
    package.install(f"without_{lacking}_plugin", "\n".join(lines), mine="Mine")
    with pytest.raises(PluginError, match=f"does not state {lacking}") as caught:
        get_method("mine")
    assert caught.value.remedy == f"Set {lacking}, a string, as a class attribute of Mine."


def test_entry_point_and_class_must_agree_on_the_name(package: Package) -> None:
    package.install("renamed_plugin", SOUND, yours="Mine")
    with pytest.raises(PluginError, match=r"strangers 1\.2\.3 registers .*'yours'") as caught:
        get_method("yours")
    assert "the class calls itself 'mine'" in caught.value.problem


def test_a_method_without_a_name_is_refused(package: Package) -> None:
    package.install("nameless_plugin", SOUND.replace('name = "mine"', ""), mine="Mine")
    with pytest.raises(PluginError, match="the class calls itself None"):
        get_method("mine")


def test_target_labels_must_be_one_of_three(package: Package) -> None:
    package.install("some_labels_plugin", SOUND.replace('"none"', '"some"'), mine="Mine")
    with pytest.raises(PluginError, match="target_labels='some'") as caught:
        get_method("mine")
    assert caught.value.remedy == 'Choose from "none", "few", "all".'


def test_two_packages_may_not_claim_one_name(package: Package) -> None:
    package.install("first_plugin", SOUND, mine="Mine", distribution="first")
    package.install("second_plugin", SOUND, mine="Mine", distribution="second")
    with pytest.raises(PluginError, match="Several packages register the method 'mine'"):
        get_method("mine")


def test_two_packages_may_not_claim_one_name_for_one_class(package: Package) -> None:
    package.install("copied_plugin", SOUND, mine="Mine", distribution="original")
    package.install("copied_plugin", SOUND, mine="Mine", distribution="copy")
    with pytest.raises(PluginError, match="Several packages") as caught:
        get_method("mine")
    assert "original (copied_plugin:Mine)" in caught.value.problem
    assert "copy (copied_plugin:Mine)" in caught.value.problem


def test_an_import_that_exits_is_an_import_failure(package: Package) -> None:
    package.install("exiting_plugin", "raise SystemExit('no licence')", mine="Mine")
    with pytest.raises(PluginError, match=r"fails to import .*SystemExit: no licence"):
        get_method("mine")


@pytest.mark.parametrize(
    ("line", "fault", "remedy"),
    [
        ("folder: Path = Path('models')", "its setting 'folder' is", "Literal or a tuple"),
        ("dtype: torch.dtype = torch.half", "its setting 'dtype' is", "Literal or a tuple"),
        ("weight: float = float('nan')", "default settings are not JSON", "finite default"),
        (
            "weight: float = 'much'",
            "default of its setting 'weight' is not valid",
            "annotated type",
        ),
        ("model: 'Decimal'", "name 'Decimal' is not defined", "TYPE_CHECKING"),
        ("name: str = 'mine'", "makes a setting of 'name'", "without an annotation"),
        ("tracks = ('frozen')", "tracks='frozen'", '"finetune", "frozen"'),
        ("attributes = ('age',)", "attributes=('age',)", '"gender", "naturalness"'),
        ("least_labels = 1", "least_labels=1", 'target_labels="few"'),
    ],
)
def test_what_a_method_declares_must_be_sound(
    package: Package, line: str, fault: str, remedy: str
) -> None:
    imports = "from pathlib import Path\nimport torch\n"
    code = dedent(SOUND).replace('name = "mine"', f'name = "mine"\n    {line}')
    module = f"unsound_{abs(hash(line))}_plugin"
    package.install(module, imports + code, mine="Mine")
    with pytest.raises(
        PluginError, match=r"The method 'mine' of package strangers 1\.2\.3"
    ) as error:
        get_method("mine")
    assert fault in error.value.problem
    assert remedy in error.value.remedy


def test_a_typo_suggests_the_nearest_method(package: Package) -> None:
    package.install("near_plugin", SOUND, mine="Mine")
    with pytest.raises(UnknownNameError, match="Did you mean 'lower-bound'"):
        get_method("lowerbound")
    with pytest.raises(UnknownNameError, match=r"Known: .*mine"):
        get_method("zzzzzz")
