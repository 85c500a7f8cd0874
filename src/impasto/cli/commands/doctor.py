"""`impasto doctor`: check the installation."""

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from impasto.cli.signals import exit_on_interrupt
from impasto.cli.terminal import print_json


def doctor(*, json: Annotated[bool, Parameter(negative="", help="Write the findings as JSON.")] = False) -> int:
    """Check this installation, and make a small picture to prove that it works."""
    with exit_on_interrupt():
        from impasto.cli.commands.doctor_checks import run_checks  # noqa: PLC0415
    findings = run_checks()
    if json:
        print_json(findings)
    else:
        Console(highlight=False).print(_table(findings))
    return 0 if findings["self-test"]["passed"] else 1


def _table(findings: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, finding in findings.items():
        table.add_row(name, _format(finding))
    return table


def _format(finding: Any) -> str:
    if isinstance(finding, Mapping):
        return "\n".join(f"{key}: {_format(value)}" for key, value in finding.items())
    if isinstance(finding, bool):
        return "yes" if finding else "no"
    if isinstance(finding, float):
        return f"{finding:.5g}"
    return ", ".join(finding) if isinstance(finding, list) else str(finding)
