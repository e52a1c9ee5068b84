"""The real `sam build` and `sam deploy` against the local AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolgrant_local.environment import REGION, aws_environment, build_environment
from toolgrant_local.processes import Child, StopSignal, run

_TIMEOUT_SECONDS = 300.0
_LOOPS = "--language-extensions"  # as samconfig.toml says


_STALENESS = re.compile(r"(\n  StalenessSeconds:\n(?:    [^\n]*\n)*?    MinValue: )30\n")
_PARAMETER = re.compile(
    r"(\n  (\w+):\n    Type: AWS::SSM::Parameter\n(?:    [^\n]*\n)*?    Properties:\n)"
    r"(?!(?:      [^\n]*\n)*      Name:)"
)
_NAMED = r"\1      Name: {'Fn::Sub': 'CFN-${AWS::StackName}-\2'}\n"


@dataclass(frozen=True)
class Sam:
    """The SAM CLI of a project. `work` receives what it makes and, in files, what it prints."""

    project: Path
    work: Path
    stop: StopSignal | None = None

    def build(self, template: Path) -> Path:
        """Build a template of the project; the path of the built one."""
        built = self.work / f"build-{template.stem}"
        env = build_environment(self.work) | {"UV": str(self.project / ".venv" / "bin" / "uv")}
        # No --cached: SAM does not lock its cache, and uv has one of its own that it does lock.
        options = {"template": template, "build-dir": built, "base-dir": self.project}
        self._run("build", options, ["--parallel", _LOOPS], env)
        return _localised(built / "template.yaml")

    def deploy(
        self, built: Path, stack_name: str, aws: Mapping[str, str], parameters: Mapping[str, str]
    ) -> None:
        """Create or update a stack. `aws`: the variables that lead to the local AWS."""
        env = aws_environment(self.work) | dict(aws)
        options = {"template-file": built, "stack-name": stack_name, "region": REGION}
        options["capabilities"] = "CAPABILITY_IAM"
        flags = [_LOOPS, "--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
        self._run("deploy", options, [*flags, "--no-progressbar", *_overrides(parameters)], env)

    def _run(
        self, command: str, options: Mapping[str, object], flags: list[str], env: Mapping[str, str]
    ) -> None:
        program = str(self.project / ".venv-sam" / "bin" / "sam")
        given = [f"--{name}={value}" for name, value in options.items()]
        given.append(f"--config-file={self._empty_config()}")
        log = self.work / f"sam-{command}.log"
        child = Child([program, command, *given, *flags], env, self.work, log)
        run(child, self.stop, _TIMEOUT_SECONDS)

    def _empty_config(self) -> Path:
        """So that the samconfig.toml beside the template, meant for real accounts, has no say."""
        path = self.work / "samconfig.toml"
        path.write_text("version = 0.1\n")
        return path


def _localised(built: Path) -> Path:
    """A built template that takes a shorter StalenessSeconds: the emulator answers with what is
    there, and nobody wants to wait half a minute for each fix. And one that names its SSM
    parameters: AWS makes a name without slashes, the local one with, which no policy would fit."""
    text = built.read_text(encoding="utf-8")
    text = _STALENESS.sub(r"\g<1>1\n", text)
    built.write_text(_PARAMETER.sub(_NAMED, text), encoding="utf-8")
    return built


def _overrides(parameters: Mapping[str, str]) -> list[str]:
    pairs = [f"{name}={value}" for name, value in parameters.items()]
    return ["--parameter-overrides", *pairs] if pairs else []
