"""What an import of the contract layer brings in: nothing that a service at boot would mind."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("dagster", "duckdb", "confluent_kafka", "pandas", "typer", "rich", "numpy", "filelock")


def test_the_contract_layer_imports_nothing_heavy() -> None:
    program = (
        "import sys, omni_assets.contracts\n"
        "import omni_assets.contracts.rendering.renderers, omni_assets.contracts.rendering.sarif\n"
        f"print(*sorted(set(sys.modules) & set({HEAVY!r})))\n"
        "print(*sorted({name.split('.')[1] for name in sys.modules if name.startswith('omni_assets.')}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    heavy, floors = done.stdout.splitlines()
    assert heavy == ""
    assert set(floors.split()) == {"contracts", "errors"}
