import json

from omni_assets.agents.attempts import Hopeless


def work(event, context):
    wanted = json.loads(event.data)["wanted"]
    if wanted == "fail":
        raise Hopeless("the desk is on fire")
    if wanted == "ask":
        return {"approved": context.ask("may I?", "It costs nothing.").approved}
    return {"done": wanted}
