"""What operators do to an instance that stands in the wrong place: they begin it anew, skip a wait, move it, or go back.

Whoever skips a step that books or ships vouches for having done so by hand, which nobody here does: only what waits is skipped, and an
instance is moved only to where it has been, so that every step is done, perhaps again.
"""

from tests.life.world import World

#: What has ended and may be wanted again.
_ENDED = """
SELECT id, process_key FROM instance WHERE state IN ('completed', 'cancelled') ORDER BY ended_at DESC, id LIMIT :most
"""
_STANDING = """
SELECT id, process_key FROM instance WHERE state IN ('waiting', 'incident')
ORDER BY (state = 'incident') DESC, started_at DESC, id LIMIT :most
"""
_BEEN = "SELECT DISTINCT element_id FROM history WHERE instance_id = :id ORDER BY element_id"
REASON = "tried by chance"


def start_anew(world: World) -> None:
    """An operator lets a process begin again that has ended."""
    found = world.one(_ENDED, most=world.chance.choice([5, 40]))
    if found:
        world.send(f"anew {found['process_key']}", f"/instances/{found['id']}/start-anew", {"reason": REASON})


def go_back(world: World) -> None:
    """An operator takes an instance back to where it has been."""
    found = world.one(_STANDING, most=world.chance.choice([5, 40]))
    been = world.one(_BEEN, id=found["id"]) if found else None
    if found and been:
        body = {"element_id": been["element_id"], "reason": REASON}
        world.send(f"back {found['process_key']} {been['element_id']}", f"/instances/{found['id']}/go-back", body)


def skip_or_move(world: World) -> None:
    """An operator takes a wait for over, or goes on where the instance has been instead."""
    found = world.one(_STANDING, most=world.chance.choice([5, 40]))
    tokens = world.get(f"/instances/{found['id']}/tokens") if found else []
    if not found or not tokens:
        return
    token = world.chance.choice(sorted(tokens, key=lambda each: (each["element_id"], str(each["task_id"]))))
    body = {"task_id": token["task_id"], "reason": REASON}
    if world.chance.random() < 0.5:
        if token["kind"] not in {"work", "retry", "incident"}:
            world.send(f"skip {found['process_key']} {token['element_id']}", f"/instances/{found['id']}/skip", body)
        return
    place = world.one(_BEEN, id=found["id"])
    if place:
        target = place["element_id"]
        world.send(f"move {found['process_key']} {target}", f"/instances/{found['id']}/move", body | {"element_id": target})
