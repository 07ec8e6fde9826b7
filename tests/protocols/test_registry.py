"""Protocols of other packages: found by name, or refused with the package and the reason."""

import json

import pytest
from tests.cli.commands import xlser
from tests.packages import Package

from xlser.errors import ManifestError, PluginError, UnknownNameError
from xlser.protocols import get_protocol, protocol_names, write_manifest

GROUP = "xlser.protocols"

MINE = """
    from xlser.protocols import Protocol, get_protocol

    def mine() -> Protocol:
        return get_protocol("demo").model_copy(update={"name": "mine"})
"""


def test_a_protocol_of_another_package_is_found_by_name(package: Package) -> None:
    package.install("sound_protocol", MINE, group=GROUP, mine="mine")
    assert protocol_names() == [
        "agarla2022",
        "agarla2022-4",
        "agarla2022-yaf",
        "demo",
        "emobox-cafe",
        "emobox-emovo",
        "emobox-ravdess",
        "emobox-savee",
        "mine",
        "v1",
        "v2",
    ]
    assert get_protocol("mine").targets == ("french", "german", "italian", "persian")


def test_a_manifest_beside_a_module_is_a_protocol(package: Package) -> None:
    code = """
        from pathlib import Path
        from xlser.protocols import load_manifest

        def mine():
            return load_manifest(Path(__file__).with_name("mine.json"))
    """
    package.install("manifest_protocol", code, group=GROUP, mine="mine")
    path = package.site / "mine.json"
    write_manifest(get_protocol("demo").model_copy(update={"name": "mine"}), path)
    assert get_protocol("mine").name == "mine"
    get_protocol.cache_clear()
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"mine\.json is not valid JSON"):
        get_protocol("mine")


def test_listing_names_imports_nothing(package: Package) -> None:
    package.install("never_imported_protocol", "raise SystemError", group=GROUP, mine="mine")
    assert "mine" in protocol_names()


def test_a_protocol_whose_package_is_missing_is_unknown_and_how_to_get_it_is_said() -> None:
    with pytest.raises(UnknownNameError, match="There is no protocol 'nemo2025'") as caught:
        get_protocol("nemo2025")
    assert f"Known: {', '.join(protocol_names())}." in caught.value.remedy
    assert caught.value.remedy.endswith("its file (.json or .toml).")


def test_two_packages_may_not_claim_one_protocol(package: Package) -> None:
    package.install("first_protocol", MINE, group=GROUP, mine="mine", distribution="first")
    package.install("second_protocol", MINE, group=GROUP, mine="mine", distribution="second")
    with pytest.raises(PluginError, match="Several packages register the protocol 'mine'") as error:
        get_protocol("mine")
    assert "first (first_protocol:mine)" in error.value.problem
    assert "second (second_protocol:mine)" in error.value.problem


def test_nor_may_one_claim_a_protocol_of_the_suite(package: Package) -> None:
    package.install("usurping_protocol", MINE, group=GROUP, v1="mine")
    with pytest.raises(PluginError, match=r"'v1': .*strangers \(usurping_protocol:mine\)"):
        get_protocol("v1")


@pytest.mark.parametrize(
    ("module", "code", "problem"),
    [
        ("gone_protocol", "import no_such_module", "fails to import.*No module named"),
        ("misspelt_protocol", "def mien(): ...", "fails to import.*has no attribute 'mine'"),
        ("raising_protocol", "def mine(): return {}['x']", "fails to load: KeyError: 'x'"),
        ("exiting_protocol", "def mine(): raise SystemExit(1)", "fails to load: SystemExit: 1"),
        ("asking_protocol", "def mine(folder): ...", "fails to load: TypeError: .*'folder'"),
        ("constant_protocol", "mine = 1", r"is a int, not a xlser\.protocols\.protocol"),
        ("empty_protocol", "def mine(): ...", r"is a NoneType, not a xlser\.protocols\.protocol"),
        (
            "renamed_protocol",
            "from xlser.protocols import get_protocol\ndef mine(): return get_protocol('demo')",
            "calls itself 'demo'",
        ),
    ],
)
def test_a_protocol_that_cannot_be_had_names_its_package_and_the_reason(
    package: Package, module: str, code: str, problem: str
) -> None:
    package.install(module, code, group=GROUP, mine="mine")
    with pytest.raises(PluginError, match=problem) as caught:
        get_protocol("mine")
    assert "The protocol 'mine' of package strangers 1.2.3" in caught.value.problem
    assert caught.value.remedy


def test_an_invalid_protocol_keeps_its_own_message(package: Package) -> None:
    code = MINE.replace('"name": "mine"', '"name": "mine", "budgets": (0, 999)')
    package.install("invalid_protocol", code, group=GROUP, mine="mine")
    with pytest.raises(ManifestError.__base__, match="do not fill the budget of 999"):
        get_protocol("mine")


def test_doctor_says_of_a_broken_protocol_what_is_wrong(package: Package) -> None:
    package.install("broken_protocol", "import no_such_module", group=GROUP, mine="mine")
    done = xlser("doctor", "--json", folder=package.site, PYTHONPATH=str(package.site))
    listed = json.loads(done.stdout)["protocols"]
    assert "'mine' of package strangers 1.2.3 fails to import" in listed["mine"]
    assert listed["demo"].startswith("targets that can run: french")
