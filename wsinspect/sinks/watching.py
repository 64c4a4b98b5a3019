"""Who watches which connection: the answer to ``watch``, its live rows, whole payloads.

Owns: the watched connections. Must not know: sockets, how a dashboard is greeted or drawn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from typing import Final

from wsinspect.model.events import Action
from wsinspect.protocol.messages import MessageFacts
from wsinspect.relay.direction import Direction
from wsinspect.sinks.client import Client
from wsinspect.sinks.hub import Hub
from wsinspect.sinks.rows import Batch, told_of
from wsinspect.sinks.watched import Key, PayloadRing, Watched

__all__ = ["Watching"]

_UNKNOWN: Final = "it is not kept: it passed too long ago, or while too much passed"
_PAST_WAITING: Final = 256 * 1024  # bytes of an answer that wait for a dashboard
_PAUSE_S: Final = 0.001  # between two pieces of an answer: half a millisecond each
_WAIT_S: Final = 0.05


class Watching:
    """``clients``: the dashboards that are there."""

    def __init__(self, hub: Hub, clients: Set[Client]) -> None:
        self.hub = hub
        self.clients = clients
        self.connections: dict[int, Watched] = {}
        self.payloads = PayloadRing()
        self._answers: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        for task in self._answers:
            task.cancel()

    # --- what passes ---

    def frames(self, client: Client, batches: list[Batch]) -> None:
        for batch in batches:
            if batch[0].relay.connection.flow_id != client.watched:
                continue
            watched = self.connections.get(client.watched)
            if not client.take(batch) and watched is not None and not self.hub.keeping.on:
                watched.rest()

    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        action: Action,
        injected: bool,
        rules: Sequence[str],
    ) -> None:
        flow_id = direction.relay.connection.flow_id
        if flow_id not in self.connections:
            return
        if facts.first_seq >= 0:
            key = flow_id, int(direction.to_client), facts.first_seq
            self.payloads.add(key, facts, action)
        told = told_of(now_ns, direction.to_client, facts, action, injected, rules)
        for client in self.clients:
            if client.watched == flow_id:
                client.tell(told)

    def tick(self, client: Client) -> None:
        """All that is new of what it watches."""
        self.go_on(client)
        client.send_rows()

    def go_on(self, client: Client) -> None:
        """What it watches is read with all that may be shown, if it was too much before."""
        watched = None if client.watched is None else self.connections.get(client.watched)
        if watched is not None:
            self._go_on(watched)

    def _go_on(self, watched: Watched) -> None:
        if watched.on:
            return
        untold = watched.go_on()
        for client in self.clients:
            if client.watched == watched.connection.flow_id:
                client.messages_skipped += untold

    # --- orders ---

    def watch(self, client: Client, flow_id: int | None) -> None:
        hub = self.hub
        hub.flush()  # before it watches: what waits is in the past then, once
        before = client.watched
        client.watch(None)
        if before is not None and before != flow_id:
            self._leave(before)
        if flow_id is None:
            return
        watched = self.connections.get(flow_id)
        connection = hub.connections.get(flow_id)
        if watched is not None:
            self._go_on(watched)  # what was not told concerns those who watched before
        elif connection is not None:
            hub.keeping.watched.add(flow_id)
            self.connections[flow_id] = Watched(connection, hub.reading)
        client.watch(flow_id)
        self._tell_past(client, flow_id)

    def _leave(self, flow_id: int) -> None:
        if not any(client.watched == flow_id for client in self.clients):
            watched = self.connections.pop(flow_id, None)
            if watched is not None:
                self.hub.keeping.unwatched(watched.connection)

    def _tell_past(self, client: Client, flow_id: int) -> None:
        client.past = self.hub.keeping.past(flow_id).lines()
        client.send_past()
        task = asyncio.create_task(self._tell_rest(client))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _tell_rest(self, client: Client) -> None:
        """A little at a time: traffic does not wait for twenty thousand rows."""
        past = client.past
        while client.past is past and past is not None and client in self.clients:
            if client.waiting_len > _PAST_WAITING:
                await asyncio.sleep(_WAIT_S)
            else:
                client.send_past()
                await asyncio.sleep(_PAUSE_S)

    def payload(self, key: Key) -> bytes | str:
        """All of a message, or in words why not."""
        found = self.payloads.find(key)
        if found is None:
            found = self.hub.keeping.payload(key)
        return _UNKNOWN if found is None else found
