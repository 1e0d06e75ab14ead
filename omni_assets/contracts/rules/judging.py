"""OM3xx: the settings that judge findings."""

from __future__ import annotations

from omni_assets.contracts.model import Elsewhere, Rule, Severity

EXPIRED_EXEMPTION = Rule(
    "OM301",
    "expired-exemption",
    Severity.ERROR,
    "An exemption in the settings has expired.",
    "It no longer covers anything. Mend what it covered, or decide again and give it another date.",
    example=Elsewhere(
        "toml",
        """\
[[check.exemptions]]
code = "OM102"
path = "contracts/mailer/*"
reason = "one inbox for each agent, until they share one"
expires = 2020-06-30
""",
    ),
    mended=Elsewhere(
        "toml",
        """\
[[check.exemptions]]
code = "OM102"
path = "contracts/mailer/*"
reason = "sharing one inbox waits for the next release of the mailer"
expires = 2099-06-30
""",
    ),
)
UNUSED_EXEMPTION = Rule(
    "OM302",
    "unused-exemption",
    Severity.NOTE,
    "An exemption in the settings covers no finding.",
    "What it covered has been mended, or it was written with another path in mind. Remove it.",
    example=Elsewhere(
        "toml",
        """\
[[check.exemptions]]
code = "OM102"
path = "contracts/mialer/*"
reason = "one inbox for each agent, until they share one"
expires = 2099-06-30
""",
    ),
    mended=Elsewhere(
        "toml",
        """\
[[check.exemptions]]
code = "OM102"
path = "contracts/mailer/*"
reason = "one inbox for each agent, until they share one"
expires = 2099-06-30
""",
    ),
)
