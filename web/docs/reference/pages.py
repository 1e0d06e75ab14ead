"""Every file that is made from the code, by its path below docs/."""

from __future__ import annotations

from collections.abc import Mapping

from web.docs.reference.events import events_page
from web.docs.reference.floors import floors_picture
from web.docs.reference.help import help_page
from web.docs.reference.schemas import schema_texts, schemas_page
from web.docs.reference.tables import tables_page


def folders() -> Mapping[str, Mapping[str, str]]:
    """The text of each file by its name, by the folder of docs/ that holds nothing else."""
    return {
        "reference": {
            "events.md": events_page(),
            "floors.svg": floors_picture(),
            "help.md": help_page(),
            "schemas.md": schemas_page(),
            "tables.md": tables_page(),
        },
        "schemas": schema_texts(),
    }
