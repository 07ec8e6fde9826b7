"""What the workflows may do, and what the check of a submission lets through."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.commands import xlser
from tests.records.committed import committed

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
SCRIPT = ROOT / ".github" / "scripts" / "check-submission.sh"
OF_USERS = ROOT / "benchmark/xlser/methods/scaffold/template/check.yml.template"
PLACE = "leaderboards/v1/results/german/frozen/audiontt-512"


def parsed(path: Path) -> dict[Any, Any]:
    """A workflow; its key `on` is read by YAML 1.1 as true."""
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    workflow["on"] = workflow.pop(True)
    return workflow


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", [*sorted(WORKFLOWS.glob("*.yml")), OF_USERS], ids=lambda p: p.name)
def test_a_workflow_reads_and_has_no_secrets(path: Path) -> None:
    text, workflow = path.read_text(encoding="utf-8"), parsed(path)
    assert "secrets." not in text
    assert "pull_request" in workflow["on"]
    assert "pull_request_target" not in text
    assert "workflow_run" not in text
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60
    for step in steps(workflow):
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "no/action@v0"))
        # What an author writes into a title or a branch name never becomes part of a script.
        assert "${{" not in step.get("run", "")


def test_there_are_these_workflows() -> None:
    assert {path.name for path in WORKFLOWS.iterdir()} == {"ci.yml", "submission.yml"}


def test_a_submission_is_looked_at_by_the_base_branch() -> None:
    workflow = parsed(WORKFLOWS / "submission.yml")
    assert workflow["on"] == {"pull_request": {"paths": ["leaderboards/**"]}}
    checkouts = [s for s in steps(workflow) if "actions/checkout" in s.get("uses", "")]
    (with_,) = [checkout["with"] for checkout in checkouts]
    assert with_["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert with_["persist-credentials"] is False
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    assert commands == [
        "uv pip install --torch-backend cpu '.[tests]'",
        'git fetch origin "refs/pull/$NUMBER/head"',
        '.github/scripts/check-submission.sh "$BASE" "$HEAD"',
    ]


def test_the_script_takes_nothing_but_leaderboards() -> None:
    taking = [
        line.strip() for line in SCRIPT.read_text("utf-8").splitlines() if "git checkout" in line
    ]
    assert taking == ['git checkout -q "$head" -- leaderboards']


def test_ci_checks_the_results_on_the_demo() -> None:
    commands = [step.get("run") for step in steps(parsed(WORKFLOWS / "ci.yml"))]
    assert "xlser check reference/demo" in commands
    assert (ROOT / "reference/demo/results").is_dir()


class Repository:
    """A repository with the leaderboard of a method, and a branch that submits to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *args: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *who, *args], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--message", "records")
        return self.git("rev-parse", "HEAD")

    def add(self, pattern: str) -> None:
        """Write records of this repository's leaderboard, each in a file of its own."""
        added = 0
        for path, record in committed("v1/results/german").items():
            # What is submitted states its code: the rows of complete English do.
            stated = record.method.packaged_code is not None
            if stated and path.parent == ROOT / PLACE and path.match(pattern):
                record.write(self.folder / PLACE / path.name)
                added += 1
        assert added

    def write_pages(self) -> None:
        done = xlser("leaderboard", "--html", folder=self.folder)
        assert done.returncode == 0, done.stderr

    def record(self, pattern: str) -> Path:
        (path,) = (self.folder / PLACE).glob(pattern)
        return path

    def check(self, base: str, head: str) -> subprocess.CompletedProcess[str]:
        """Do what the workflow does: in a checkout of the base."""
        self.git("checkout", "--quiet", "--force", base)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(
            [str(SCRIPT), base, head],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def at_its_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = Repository(tmp_path_factory.mktemp("base") / "it")
    repository.folder.mkdir()
    repository.git("init", "--quiet")
    repository.add("svm-k100-s[012]-*.json")
    repository.write_pages()
    repository.commit()
    return repository.folder


@pytest.fixture
def repository(at_its_base: Path, tmp_path: Path) -> Repository:
    return Repository(Path(shutil.copytree(at_its_base, tmp_path / "it")))


@pytest.fixture
def base(repository: Repository) -> str:
    return repository.git("rev-parse", "HEAD")


def test_records_and_the_pages_that_follow_are_let_through(
    repository: Repository, base: str
) -> None:
    repository.add("sft-k100-s[012]-*.json")
    repository.write_pages()
    head = repository.commit()
    for left in ("status/host-1.json", "failures/german/svm.json"):  # by `xlser run`, not committed
        path = repository.folder / "leaderboards/v1" / left
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    done = repository.check(base, head)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("none was changed, and the pages follow from them.\n")


def test_records_without_their_pages_are_rejected(repository: Repository, base: str) -> None:
    repository.add("sft-k100-s[012]-*.json")
    done = repository.check(base, repository.commit())
    assert done.returncode == 1
    assert "leaderboards/v1/README.md" in done.stdout
    assert "run `xlser leaderboard`" in done.stdout


def test_a_tampered_record_is_rejected(repository: Repository, base: str) -> None:
    repository.add("sft-k100-s[012]-*.json")
    record = repository.record("sft-k100-s1-*.json")
    text = record.read_text(encoding="utf-8")
    key = text.index('"ua": ') + 6
    record.write_text(text[:key] + "0.99" + text[text.index(",", key) :], encoding="utf-8")
    done = repository.check(base, repository.commit())
    assert done.returncode == 1
    assert "states figures that its predictions do not give" in done.stderr
    assert record.name in done.stderr


def changed(repository: Repository) -> str:
    record = repository.record("svm-k100-s1-*.json")
    record.write_text(record.read_text("utf-8").replace('"seed": 1', '"seed": 2'), "utf-8")
    return f"{PLACE}/{record.name} is a record and was changed; records are never changed."


def deleted(repository: Repository) -> str:
    record = repository.record("svm-k100-s1-*.json")
    record.unlink()
    return f"{PLACE}/{record.name} is a record and was deleted; records are never deleted."


def renamed(repository: Repository) -> str:
    record = repository.record("svm-k100-s1-*.json")
    record.rename(record.with_name("svm-k100-s1-00000000.json"))
    return f"{PLACE}/{record.name} is a record and was deleted; records are never deleted."


def elsewhere(repository: Repository) -> str:
    (repository.folder / "conftest.py").write_text("import os", encoding="utf-8")
    return "conftest.py is neither a record nor a page; send it in a pull request of its own."


def beside_records(repository: Repository) -> str:
    (repository.folder / PLACE / "run.sh").write_text("true", encoding="utf-8")
    return f"{PLACE}/run.sh is neither a record nor a page; send it in a pull request of its own."


def packed(repository: Repository) -> str:
    file = "leaderboards/v1/results/german/records.parquet"
    (repository.folder / file).write_bytes(b"PAR1")
    return f"{file} holds packed records; send new records as they are written, a JSON file a run."


def linked(repository: Repository) -> str:
    (repository.folder / PLACE / "sft-k100-s0-00000000.json").symlink_to("/etc/passwd")
    return f"{PLACE}/sft-k100-s0-00000000.json is not a plain file."


@pytest.mark.parametrize(
    "do", [changed, deleted, renamed, elsewhere, beside_records, packed, linked]
)
def test_what_is_no_addition_of_records_is_rejected(
    do: Callable[[Repository], str], repository: Repository, base: str
) -> None:
    repository.add("sft-k100-s[012]-*.json")
    fault = do(repository)
    done = repository.check(base, repository.commit())
    assert done.returncode == 1
    assert done.stdout == f"rejected: {fault}\n"


def test_what_the_base_gained_meanwhile_is_no_deletion(repository: Repository, base: str) -> None:
    """The pull request is held against where it began."""
    repository.add("sft-k100-s[012]-*.json")
    repository.write_pages()
    head = repository.commit()
    repository.git("checkout", "--quiet", base)
    repository.add("logistic-regression-k100-s[012]-*.json")
    done = repository.check(repository.commit(), head)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_recipe_in_the_docs_is_the_one_that_new_packages_get() -> None:
    docs = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    recipe = docs.split("```yaml\n")[1].split("```")[0]
    written = OF_USERS.read_text(encoding="utf-8")
    assert recipe == written[written.index("name: ") :]
