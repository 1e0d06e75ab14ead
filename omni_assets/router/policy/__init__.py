"""Which models are to do a task, in which order, and when to stop. Pure.

**Hard rules** come first (``ruling``): what a task, its class, the budget or a model's own limits rule out is not
weighed. A model whose price is not known never wins by being cheap: it is asked only where the task names it, or where
no model with a known price may do the task, and in both cases only while no ceiling and no budget has to be kept.

**With a scorer** (gates ``agreement`` and ``learned-scorer``, extra ``learn``, examples enough): chains were tried on
the examples with each exchange rate between money and right answers. The one that does best over all rates, and whose
lower credible bound of quality meets the class's floor at some, is taken, at the lowest such rate. Asked on is where
the next model is expected to better the chance of a right answer by enough for its cost; the answer that counts is the
best supported one, whoever gave it.

**With counts only**: for each model a Beta posterior of how often its answers are accepted and of how often accepted
ones are right, apart for answers after another's rejection, since failures of models go together. Gates decide who is
asked on. The cheapest chain whose bound meets the floor is taken.

**On the first day**, and as long as no chain is known to meet the floor: from the cheapest model up, each asked where
the gates bar the answer before, the baseline last (the dearest model, where the class names none). Models whose
accepted answers are credibly worse than the floor are left out. So nothing expensive is bought on a guess; what gates
let through wrongly shows in the audits, and then counts. The baseline's own answers are taken for right nineteen times
in twenty until something is known of them.

**Waiting.** A model that takes longer on average than the class's latency target is asked after those that do not, but
never after the last: no target makes the dearest model the first. Of the chains that meet the floor one that begins
with such a model is taken only where none begins with another. A model of whose answers credibly fewer than one in
twenty pass their gates at its place is not waited for, be it for nothing: the rest does its tasks anyway.

A small share of the tasks (``explore_share``) tries a cheaper chain than the one chosen, to learn about it.
"""

from omni_assets.router.policy.chains import LEAST_PASSED as LEAST_PASSED
from omni_assets.router.policy.choosing import route as route
from omni_assets.router.policy.counted import TRUSTED as TRUSTED
from omni_assets.router.policy.situation import Situation as Situation
from omni_assets.router.policy.stopping import counts as counts
from omni_assets.router.policy.stopping import decide as decide
from omni_assets.router.policy.stopping import support as support
