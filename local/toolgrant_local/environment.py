"""The environment variables of child processes: built from a short list, never inherited whole.

So no profile, credential, region or endpoint of the person at the keyboard gets in, and nothing
here can reach a real AWS account by accident.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

REGION = "us-east-1"
ACCOUNT_ID = "111122223333"
ACCESS_KEY = "local"

# Needed by any program, and by uv when it fetches packages. Everything else stays outside.
_KEPT = (
    "HOME",
    "LANG",
    "LC_ALL",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "XDG_CACHE_HOME",
)
_KEPT_PREFIXES = ("UV_",)
_KEPT_FOR_DOWNLOADS = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def aws_environment(work: Path) -> dict[str, str]:
    """For programs that talk to the local AWS only: dummy credentials, own home, no proxies."""
    return {
        **_kept(_KEPT, ()),
        "HOME": str(work),
        "TMPDIR": str(work),
        **_dummy_aws(work),
    }


def build_environment(work: Path) -> dict[str, str]:
    """For `sam build`: may download and use the package cache, but knows no AWS account."""
    both_cases = tuple(name for kept in _KEPT_FOR_DOWNLOADS for name in (kept, kept.lower()))
    return {
        **_kept(_KEPT + both_cases, _KEPT_PREFIXES),
        **_dummy_aws(work),
    }


def _kept(names: tuple[str, ...], prefixes: tuple[str, ...]) -> dict[str, str]:
    return {
        k: v for k, v in os.environ.items() if k in names or (prefixes and k.startswith(prefixes))
    }


def _dummy_aws(work: Path) -> Mapping[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": str(work / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(work / "no-aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_POLL_DELAY": "1",
        "SAM_CLI_TELEMETRY": "0",
        "PYTHONUNBUFFERED": "1",
    }
