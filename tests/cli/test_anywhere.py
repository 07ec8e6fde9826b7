"""Any user, any terminal, any folder: commands work, or say in words what to do."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import trees
from tests.cli.commands import XLSER, xlser
from tests.records.committed import record as committed
from tests.records.files_of_records import home

from xlser.cli import main
from xlser.corpora import get_corpus
from xlser.errors import SettingsError
from xlser.monitoring.console import console
from xlser.settings import Settings

LONG = "a" * 300

Inside = Callable[..., tuple[object, str]]


@pytest.fixture
def inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> "Inside":
    """Give a command in this process and folder; return its exit code and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("xlser.cli.keep_pages", lambda: None)
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def give(*args: str) -> tuple[object, str]:
        monkeypatch.setattr("sys.argv", ["xlser", *args])
        console.cache_clear()  # it holds on to the standard error of its first use
        with pytest.raises(SystemExit) as ended:
            main()
        console.cache_clear()
        return ended.value.code, capsys.readouterr().err

    return give


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp437"])
def test_tables_are_printed_whatever_the_encoding(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "leaderboards").symlink_to(Path(__file__).parents[2] / "leaderboards")
    for args in (["methods"], ["compare", "sft", "svm", "--protocol", "v1"]):
        done = subprocess.run(
            [*XLSER, *args],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0, done.stderr.decode(encoding, "replace")
        assert done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_json_is_json_whatever_the_encoding(encoding: str, tmp_path: Path) -> None:
    plain = xlser("corpora", "--json", folder=tmp_path, PYTHONIOENCODING="utf-8")
    other = subprocess.run(
        [*XLSER, "corpora", "--json"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert json.loads(other.stdout.decode(encoding)) == json.loads(plain.stdout)


def as_nobody(*args: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `xlser` as a user without a passwd entry and without HOME."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("taking another user id needs root and setpriv")
    for above in (folder, *folder.parents):
        if above.stat().st_uid == 0 and above.stat().st_mode & 0o005 != 0o005:
            above.chmod(above.stat().st_mode | 0o005)
    other = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]
    other += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    own = {name: value for name, value in os.environ.items() if name not in ("HOME", "XLSER_CACHE")}
    return subprocess.run(
        [*other, *XLSER, *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**own, **environment},
    )


@pytest.mark.parametrize("args", [["corpora"], ["prepare", "demo-german"]])
def test_user_without_a_home_is_told_to_set_the_cache(args: list[str], tmp_path: Path) -> None:
    done = as_nobody(*args, folder=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "Set XLSER_CACHE to a folder that you can write." in done.stderr


def test_user_without_a_home_runs_all_once_the_cache_is_set(tmp_path: Path) -> None:
    for name in ("work", "cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    cache = {"XLSER_CACHE": str(tmp_path / "cache")}
    for args in (
        ["run", "svm", "--target", "german", "--seeds", "0", "--labels", "20", "--isolate"],
        ["corpora"],
    ):
        done = as_nobody(*args, folder=tmp_path / "work", **cache)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["XLSER_DATA", "XLSER_CACHE"])
@pytest.mark.parametrize("path", ["~nobody-of-this-name", "~nobody-of-this-name/speech"])
def test_unknown_user_in_the_environment_is_named(
    name: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, path)
    with pytest.raises(SettingsError, match=f"{path} .*{name}.* cannot be used"):
        Settings.gather()


@pytest.mark.parametrize(
    "toml",
    [
        '[corpora]\nemodb = "~nobody-of-this-name/x"',
        '[corpora.mine]\ntable = "~nobody-of-this-name/x.csv"',
        '[corpora.mine]\ntable = "x.csv"\nfolder = "~nobody-of-this-name"',
    ],
)
def test_unknown_user_in_the_file_of_settings_is_named(toml: str, tmp_path: Path) -> None:
    (tmp_path / "xlser.toml").write_text(toml)
    with pytest.raises(SettingsError, match=r"~nobody-of-this-name.* in xlser\.toml\) cannot be"):
        Settings.gather(folder=tmp_path)


@pytest.mark.parametrize("option", ["--data", "--weights"])
def test_unknown_user_in_an_option_is_named(option: str, inside: Inside) -> None:
    args = ["run", "sft", "--target", "german", "--backbone", "audiontt-512"]
    code, err = inside(*args, option, "~nobody-of-this-name/x")
    assert code == 2
    assert f"{option} or XLSER_" in err


@pytest.mark.parametrize(
    "args",
    [
        ["corpora"],
        ["run", "svm"],
        ["new-method", "mine"],
        ["validate"],
        ["corpora", "add", "m", "--folder", "x", "--pattern", "{speaker}/{emotion}.wav"],
    ],
)
def test_deleted_working_folder_is_named(
    args: list[str], inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, err = inside(*args)
    assert code == 2
    assert "The working folder cannot be found" in err
    assert "Change into a folder that exists" in err


@pytest.mark.parametrize(
    "args",
    [
        ["corpora", "check", "demo-german", "--data", LONG],
        ["run", "svm", "--target", "german", "--leaderboards", LONG],
        ["new-method", LONG],
        ["leaderboard", "demo", "--leaderboards", LONG],
        ["validate", "/".join("a" * 3000)],
        ["corpora", "add", "m", "--table", f"{LONG}.csv"],
        ["status", "--leaderboards", f"x/{LONG}"],
    ],
    ids=lambda args: args[0],
)
def test_name_too_long_is_an_error_in_words(args: list[str], inside: Inside) -> None:
    code, err = inside(*args)
    assert code == 2
    assert "error: " in err


@pytest.mark.parametrize("target", ["klingon", "english", "../x"])
def test_record_of_an_unknown_target_is_named(target: str, inside: Inside, tmp_path: Path) -> None:
    record = committed("sft-k100-s0-")
    path = home(tmp_path / "leaderboards/v1/results", record)
    record.model_copy(update={"target": target}).write(path)
    for args in (["leaderboard", "v1"], ["compare", "sft", "svm", "--protocol", "v1"]):
        code, err = inside(*args)
        assert code == 2
        assert f"states the target '{target}', which v1 does not have" in err
    assert inside("validate")[0] == 1


def test_names_that_are_no_utf8_break_neither_check_nor_its_json(tmp_path: Path) -> None:
    root = trees.published_tree(get_corpus("emodb"), tmp_path / "data/emodb")
    try:
        folder = os.fsencode(root) + b"/Gef\xfchl\x8a"
        os.mkdir(folder)  # noqa: PTH102 (bytes, as an archive of code page 850 leaves them)
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    place = Path(os.fsdecode(folder))
    next(root.rglob("03a01Fa.wav")).rename(place / "03a01Fa.wav")
    for name in (b"str\xe4y.wav", b"03a01Nc.wav"):
        trees.record(tmp_path / "new.wav", trees.noise(5)).rename(place / os.fsdecode(name))
    for encoding in ("utf-8", "latin-1"):
        how = {"PYTHONIOENCODING": encoding, "XLSER_DATA": str(tmp_path / "data")}
        plain = xlser("corpora", "check", "emodb", folder=tmp_path, **how)
        assert (plain.returncode, "Traceback" in plain.stderr) == (1, False)
        assert "03a01Nc: doubled with different content" in plain.stdout
        as_json = xlser("corpora", "check", "emodb", "--json", folder=tmp_path, **how)
        (report,) = json.loads(as_json.stdout)
        assert any(os.fsdecode(b"str\xe4y.wav") in remark for remark in report["remarks"])
