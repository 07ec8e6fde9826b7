"""A real Slurm of one node, started for as long as a test needs it."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

TO_BE_HAD = os.geteuid() == 0 and all(map(shutil.which, ("munged", "slurmctld", "slurmd")))
"""Whether it can be started: Debian's slurmctld, slurmd, slurm-client and munge, and root."""

# The controller looks for jobs to start, and for nodes, as often as it can; steps die at once.
_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000
PartitionName=all Nodes=ALL Default=YES State=UP
"""


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Start munged, slurmctld and slurmd; yield the environment in which commands find them."""
    configuration = folder / "slurm.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            host=socket.gethostname(), controller=_port(), node=_port(), folder=folder
        )
    )
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    munged = ["munged", "--foreground", "--force", f"--key-file={key}"]
    munged += [f"--{what}-file={folder}/munge.{what}" for what in ("log", "pid", "seed")]
    found_by = {"SLURM_CONF": str(configuration)}
    environment = {**os.environ, **found_by}
    with ExitStack() as daemons:
        for command, ready in (
            ([*munged, f"--socket={folder}/munge.socket"], (folder / "munge.socket").exists),
            (["slurmctld", "-D"], lambda: _says(["scontrol", "ping"], "UP", environment)),
            (["slurmd", "-D"], lambda: _says(["sinfo", "-h", "-o", "%T"], "idle", environment)),
        ):
            daemons.enter_context(_daemon(command, folder, environment))
            _until(ready, folder)
        yield found_by


@contextmanager
def _daemon(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _says(command: list[str], awaited: str, environment: dict[str, str]) -> bool:
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return awaited in said.stdout.split()


def _until(ready: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        if time.monotonic() > deadline:
            said = "\n".join(file.read_text()[-2000:] for file in folder.glob("*.out"))
            raise AssertionError(f"Slurm does not start here:\n{said}")
        time.sleep(0.1)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
