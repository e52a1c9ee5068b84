"""What a user of the demo sees: the story, not the deployment."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from toolgrant_local import LocalError, demo
from toolgrant_local.sam import Sam

FAILS = "#!/bin/sh\nfor n in 1 2 3; do echo sam says $n; done; exit 1\n"


@pytest.mark.parametrize("command", ["build", "deploy"])
def test_a_deployment_that_fails_is_shown_whole(tmp_path: Path, command: str) -> None:
    program = tmp_path / ".venv-sam" / "bin" / "sam"
    program.parent.mkdir(parents=True)
    program.write_text(FAILS)
    program.chmod(0o755)
    sam = Sam(tmp_path, tmp_path)
    template = tmp_path / "template.yaml"
    run = {
        "build": lambda: sam.build(template),
        "deploy": lambda: sam.deploy(template, "name", {}, {}),
    }[command]
    with pytest.raises(LocalError, match="sam says 1\nsam says 2\nsam says 3"):
        run()


@pytest.mark.stack
def test_the_demo_says_one_line_before_its_first_scene(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "SCENES", demo.SCENES[:1])
    monkeypatch.setattr(demo, "FIX_SCENES", ())
    monkeypatch.setattr(demo.LocalStack, "reconfigure", lambda *_: None)
    out, err = io.StringIO(), io.StringIO()
    assert demo.run_demo(out, err) == 0
    before, scene, _ = out.getvalue().partition("━━ 1. ")
    first, second, *rest = before.splitlines()
    assert scene
    assert first == "Deploying template.yaml to the local AWS …"
    assert second.startswith("Deployed in ")
    assert rest == [""]
    assert err.getvalue() == ""
    assert capfd.readouterr() == ("", "")
