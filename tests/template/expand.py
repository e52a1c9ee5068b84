"""Runs in the environment of the SAM CLI: template with loops in, the same without loops out, as
JSON."""

import json
import sys

from samcli.lib.cfn_language_extensions.sam_integration import process_template_for_sam_cli


def main() -> None:
    template = json.load(sys.stdin)
    written = template["Resources"]
    # Without parameters it decides no condition and fills in no value.
    given = {name: section for name, section in template.items() if name != "Parameters"}
    expanded = process_template_for_sam_cli(given)["Resources"]
    # It still guesses the partition. Nothing that stood outside of a loop is taken from it.
    template["Resources"] = {name: written.get(name, entry) for name, entry in expanded.items()}
    json.dump(template, sys.stdout)


if __name__ == "__main__":
    main()
