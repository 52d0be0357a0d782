"""`mlops plugins check`: the conformance suite from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NOTIFIER = """
from mlops_plugins import Field, ComponentSpec, Component, Stage, hookimpl

@hookimpl
def mlops_implementations():
    yield ComponentSpec(stage=Stage.NOTIFY, name="{name}", target="{name}:Told", summary="Told")

class Told(Component):
    "Tells alerts."
    channel: str = Field(description="Where.")
    def notify(self, context, *, alert):
        context.log({{"info": 1, "warning": 2{more}}}[alert.severity] and self.channel)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    write_distribution(made, "sound", NOTIFIER.format(name="sound", more=', "critical": 3'))
    write_distribution(made, "unsound", NOTIFIER.format(name="unsound", more=""))
    return made


def check(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_plugins", "plugins", "check", *arguments],
        cwd=site,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sound_plugin_passes_with_the_option_that_it_needs(site: Path) -> None:
    done = check(site, "sound", "-S", "notify/sound.channel=ops")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(line.startswith("passed  ") for line in lines[:-2])
    count = len(lines) - 2
    assert lines[-1] == f"{count} of {count} checks passed"
    assert any(line.startswith("passed  notify/sound ") for line in lines)


def test_an_unsound_one_fails_with_exit_7_and_says_how(site: Path) -> None:
    done = check(site, "notify/unsound", "-S", "notify/unsound.channel=ops")
    assert done.returncode == 7, done.stdout + done.stderr
    assert "failed  notify/unsound delivers" in done.stdout
    assert "KeyError: 'critical'" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr

    found = json.loads(
        check(site, "notify/unsound", "-S", "notify/unsound.channel=ops", "--json").stdout
    )
    failed = [each for each in found if each["why"]]
    assert 0 < len(failed) < len(found)
    assert all("KeyError: 'critical'" in each["why"] for each in failed)


def test_an_option_that_is_missing_is_asked_for(site: Path) -> None:
    done = check(site, "notify/sound")
    assert done.returncode == 7
    assert "The option 'channel' has no value." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sund"], "There is no plugin 'sund'. Did you mean 'sound'?"),
        (["notify/sund"], "There is no implementation 'notify/sund'. Did you mean 'notify/sound'?"),
        (["sound", "-S", "channel=ops"], "'channel=ops' sets no option."),
    ],
)
def test_what_cannot_be_checked_is_told(site: Path, arguments: list[str], said: str) -> None:
    done = check(site, *arguments)
    assert done.returncode == 3
    assert said in done.stderr
