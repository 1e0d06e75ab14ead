"""How commands that find something write it: for people in their own words, for machines alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omni_assets.cli import streams
from omni_assets.cli.options import FindingsFormat

if TYPE_CHECKING:
    from omni_assets.cli.tables import Line
    from omni_assets.contracts.model import Finding
    from omni_assets.operations.context import Context


def show_findings(
    output: FindingsFormat,
    context: Context,
    findings: Sequence[Finding],
    lines: Mapping[FindingsFormat, Callable[[], Sequence[Line]]],
    document: Callable[[], Mapping[str, Any]],
) -> None:
    """Write ``findings`` as ``output`` says: laid out by ``lines``, as the JSON ``document``, SARIF or annotations."""
    from omni_assets.contracts.rendering.renderers import github
    from omni_assets.contracts.rendering.sarif import sarif_document
    from omni_assets.operations.judging import relative_to

    if output in lines:
        streams.draw(lines[output]())
    elif output is FindingsFormat.GITHUB:
        streams.write(github(findings))
    elif output is FindingsFormat.SARIF:
        streams.write_json(sarif_document(findings, os.getcwd(), relative_to(context.settings)))
    else:
        streams.write_json(document())
