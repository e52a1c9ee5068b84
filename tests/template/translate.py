"""Runs in the environment of the SAM CLI: SAM template in, plain CloudFormation out, as JSON."""

import json
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def main() -> None:
    template = json.load(sys.stdin)
    for resource in template["Resources"].values():
        for code in ("CodeUri", "ContentUri"):
            if code in resource["Properties"]:
                resource["Properties"][code] = "s3://bucket/code.zip"
    names = template["Parameters"]
    defaults = {name: entry.get("Default", "") for name, entry in names.items()}
    done = Translator({}, Parser()).translate(template, defaults)
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
