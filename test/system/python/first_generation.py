"""A client and a MAD as they were written for the first implementation.

Nothing in here knows of anything that came later: it uses the founding protocol, the fields and
the texts of the first implementation, and plain Redis pub/sub. It holds one conversation from end
to end and stops with a traceback at the first thing that is not as it was.

    python first_generation.py GRACE_URL FIEDLER_URL ROGERS_URL SEQUENTIAL_THINKING_URL
    (REDIS_URL and REDIS_PASSWORD in the environment)
"""

import asyncio
import json
import os
import sys
import uuid
from datetime import datetime, timezone

import redis.asyncio as redis
import websockets

GRACE, FIEDLER, ROGERS, SEQUENTIAL_THINKING = sys.argv[1:5]
DEADLINE = 30


async def call(socket, tool_name, tool_input=None):
    request = {"tool_name": tool_name}
    if tool_input is not None:
        request["tool_input"] = tool_input
    await socket.send(json.dumps(request))
    return json.loads(await asyncio.wait_for(socket.recv(), DEADLINE))


async def once(url, tool_name, tool_input=None):
    """One connection for one request, as the first implementation's own clients did."""
    async with websockets.connect(url) as socket:
        return await call(socket, tool_name, tool_input)


def check(what, condition, seen=None):
    if not condition:
        raise AssertionError(f"{what}: {seen!r}")
    print(f"ok {what}", flush=True)


def error(reply, message):
    return reply["status"] == "error" and reply["message"] == message


async def texts():
    async with websockets.connect(GRACE) as grace:
        for tool, given, message in [
            ("nonsense", {}, "Unknown tool: nonsense"),
            ("grace_send_message", {"channel": "mad.topic.x"}, "Missing required fields: 'channel', 'payload'"),
            ("grace_subscribe", {"client_id": "py"}, "'client_id' (string) and 'topics' (list) are required."),
            ("grace_subscribe", {"client_id": "py", "topics": "x"}, "'client_id' (string) and 'topics' (list) are required."),
            ("grace_poll_messages", {}, "'client_id' is required."),
        ]:
            reply = await call(grace, tool, given)
            check(f"grace says {message}", error(reply, message), reply)
        await grace.send("{not json")
        reply = json.loads(await grace.recv())
        check("grace refuses bad JSON", error(reply, "Invalid JSON request."), reply)
        reply = await call(grace, "grace_poll_messages", {"client_id": "nobody"})
        check("an unknown client polls nothing", reply["status"] == "success" and reply["messages"] == [], reply)

    async with websockets.connect(FIEDLER) as fiedler:
        for tool, given, message in [
            ("fiedler_converse", {"prompt": "x"}, "'prompt' and 'requester_id' are required."),
            ("fiedler_converse", None, "'prompt' and 'requester_id' are required."),
            ("fiedler_get_task_status", {}, "'task_id' is required."),
            ("fiedler_get_task_status", {"task_id": "X"}, "Task with id 'X' not found."),
            ("grace_subscribe", {}, "Unknown tool: grace_subscribe"),
        ]:
            reply = await call(fiedler, tool, given)
            check(f"fiedler says {message}", error(reply, message), reply)

    async with websockets.connect(ROGERS) as rogers:
        for tool, given, message in [
            ("rogers_converse", {"prompt": "x"}, "'prompt' and 'requester_id' are required."),
            ("rogers_get_task_status", {}, "'task_id' is required."),
            ("rogers_get_task_status", {"task_id": "X"}, "Task 'X' not found."),
            ("rogers_get_stats", {"hours": "many"}, "'hours' must be an integer."),
            ("nonsense", {}, "Unknown tool: nonsense"),
        ]:
            reply = await call(rogers, tool, given)
            check(f"rogers says {message}", error(reply, message), reply)

    reply = await once(SEQUENTIAL_THINKING, "perform_sequential_thinking", {})
    check("sequential thinking needs a prompt", error(reply, "'prompt' is required in tool_input."), reply)
    reply = await once(SEQUENTIAL_THINKING, "nonsense", {})
    check("sequential thinking knows its tool only", error(reply, "Unknown tool: nonsense"), reply)


async def read_messages(pubsub, until):
    """Envelopes from Redis pub/sub until one satisfies `until`; all of them, that one included."""
    seen = []
    end = asyncio.get_running_loop().time() + DEADLINE
    while asyncio.get_running_loop().time() < end:
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1)
        if message is None:
            continue
        envelope = json.loads(message["data"])
        seen.append(envelope)
        if until(envelope):
            return seen
    raise AssertionError(f"nothing came in {DEADLINE} s; seen: {seen!r}")


FIELDS = {"message_id", "conversation_id", "correlation_id", "timestamp", "sender_id", "recipient_id", "channel", "payload"}


async def conversation(bus, mad, url, converse, status):
    pubsub = bus.pubsub()
    await pubsub.psubscribe("mad.stream.*")
    await pubsub.subscribe("mad.direct.py-requester")
    correlation_id = str(uuid.uuid4())
    accepted = await once(
        url,
        converse,
        {"prompt": "System check, please respond with OK.", "requester_id": "py-requester", "correlation_id": correlation_id},
    )
    task_id = accepted["task_id"]
    check(f"{mad} accepts at once", accepted["status"] == "pending", accepted)
    check(f"{mad} names the stream", accepted["stream_topic"] == f"mad.stream.{task_id}", accepted)
    check(f"{mad} repeats who asked", accepted["requester_id"] == "py-requester", accepted)
    check(f"{mad} keeps the correlation id", accepted["correlation_id"] == correlation_id, accepted)

    envelopes = await read_messages(pubsub, lambda e: e["channel"] == "mad.direct.py-requester")
    for envelope in envelopes:
        assert FIELDS <= envelope.keys(), envelope
        datetime.fromisoformat(envelope["timestamp"].replace("Z", "+00:00"))
    mine = [e for e in envelopes if e["correlation_id"] == correlation_id]
    stream = [e for e in mine if e["channel"] == f"mad.stream.{task_id}"]
    # The first implementation's readers took every message of a stream for a token.
    text = "".join(e["payload"]["token"] for e in stream)
    notification = mine[-1]
    payload = notification["payload"]
    check(f"{mad} notifies the requester", payload["notification_type"] == "task_update", payload)
    check(f"{mad}'s notification is addressed", notification["recipient_id"] == "py-requester", notification)
    check(f"{mad} completes the task", payload["status"] == "COMPLETED" and payload["task_id"] == task_id, payload)
    check(f"{mad}'s answer holds OK", "OK" in payload["result"]["response"], payload)
    check(f"{mad}'s tokens make the answer", text == payload["result"]["response"], text)
    check(f"{mad} sends as itself", {e["sender_id"] for e in mine} == {mad}, mine)

    task = await once(url, status, {"task_id": task_id})
    check(f"{mad} reports the task", task["status"] == "COMPLETED" and task["task_id"] == task_id, task)
    check(f"{mad} reports prompt and requester", task["prompt"].startswith("System check") and task["requester_id"] == "py-requester", task)
    check(f"{mad} reports the result", task["result_payload"] == payload["result"] and task["error_details"] is None, task)
    check(f"{mad} reports its times", task["created_at"] <= task["updated_at"], task)
    await pubsub.aclose()


async def relay(bus):
    """A client of Grace and a first-generation MAD talk to each other through the bus."""
    async with websockets.connect(GRACE) as grace:
        reply = await call(grace, "grace_subscribe", {"client_id": "py", "topics": ["mad.topic.py", "mad.direct.py*"]})
        check("grace subscribes", reply["message"] == "Subscribed client 'py' to 2 topics.", reply)

        pubsub = bus.pubsub()
        await pubsub.psubscribe("mad.topic.*")
        conversation_id = str(uuid.uuid4())
        sent = await call(
            grace,
            "grace_send_message",
            {"channel": "mad.topic.py", "payload": {"n": 1}, "conversation_id": conversation_id, "recipient_id": "all"},
        )
        check("grace sends", sent["status"] == "success" and uuid.UUID(sent["message_id"]), sent)
        [*_, envelope] = await read_messages(pubsub, lambda e: e["message_id"] == sent["message_id"])
        check("a Redis subscriber reads it", envelope["payload"] == {"n": 1} and envelope["sender_id"] == "grace", envelope)
        check("with the ids given", envelope["conversation_id"] == conversation_id and envelope["recipient_id"] == "all", envelope)
        await pubsub.aclose()

        # The first generation publishes with nothing but PUBLISH.
        bare = {
            "message_id": str(uuid.uuid4()),
            "conversation_id": str(uuid.uuid4()),
            "correlation_id": str(uuid.uuid4()),
            "timestamp": datetime.now(timezone.utc).isoformat(),
            "sender_id": "elder",
            "recipient_id": "py",
            "channel": "mad.direct.py-client",
            "payload": {"hello": "from before"},
        }
        await bus.publish(bare["channel"], json.dumps(bare))

        polled = []
        end = asyncio.get_running_loop().time() + DEADLINE
        while len(polled) < 2 and asyncio.get_running_loop().time() < end:
            reply = await call(grace, "grace_poll_messages", {"client_id": "py"})
            polled += reply["messages"]
            await asyncio.sleep(0.05)
        check("grace delivers both, in order", [m["message_id"] for m in polled] == [sent["message_id"], bare["message_id"]], polled)
        check("with their payloads", [m["payload"] for m in polled] == [{"n": 1}, {"hello": "from before"}], polled)


async def watched():
    """Rogers has seen the group and the elder, and counted them."""
    end = asyncio.get_running_loop().time() + DEADLINE
    while True:
        reply = await once(ROGERS, "rogers_get_connections", {})
        healthy = {c["mad_id"] for c in reply["connections"] if c["status"] == "HEALTHY"}
        known = {c["mad_id"] for c in reply["connections"]}
        if {"grace", "fiedler"} <= healthy and "elder" in known:
            break
        assert asyncio.get_running_loop().time() < end, reply
        await asyncio.sleep(0.2)
    check("rogers knows grace, fiedler and the elder", True)
    check("rogers is not in its own registry", "rogers" not in known, known)
    check("a connection has its fields", {"mad_id", "status", "connected_at", "last_heartbeat"} <= reply["connections"][0].keys(), reply)

    reply = await once(ROGERS, "rogers_get_stats", {"hours": 1})
    rows = {(s["sender_id"], s["topic_pattern"]): s["total_messages"] for s in reply["stats"]}
    check("rogers counted the elder's message", rows.get(("elder", "mad.direct")) == 1, rows)
    check("rogers counted the streams", rows.get(("fiedler", "mad.stream"), 0) > 1, rows)
    check("an hour is an hour", all(s["hour_timestamp"].endswith(":00:00Z") for s in reply["stats"]), reply)


async def plan():
    reply = await once(SEQUENTIAL_THINKING, "perform_sequential_thinking", {"prompt": "Move a database, then test it."})
    check("sequential thinking plans", reply["status"] == "success", reply)
    steps = reply["result"]["plan"]
    check("the steps are numbered", [s["step_number"] for s in steps] == list(range(1, len(steps) + 1)) and steps, steps)
    check("the steps say something", all(s["title"] and s["description"] for s in steps), steps)


async def main():
    bus = redis.from_url(os.environ["REDIS_URL"], password=os.environ["REDIS_PASSWORD"], decode_responses=True)
    await texts()
    await conversation(bus, "fiedler", FIEDLER, "fiedler_converse", "fiedler_get_task_status")
    await conversation(bus, "rogers", ROGERS, "rogers_converse", "rogers_get_task_status")
    await relay(bus)
    await watched()
    await plan()
    await bus.aclose()
    print("ok all of it", flush=True)


asyncio.run(main())
