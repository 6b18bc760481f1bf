"""The web server: requests and sockets of all venues on one port, and the simulator's own control."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web
from pydantic import ValidationError

from arbcore_exchange_simulator.faults.fault import Fault
from arbcore_exchange_simulator.server.connection import Connection
from arbcore_exchange_simulator.trading.given import Control
from arbcore_exchange_simulator.venues import split
from arbcore_exchange_simulator.wire import Answer, Refused, Request, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.simulator import Simulator


def make_app(simulator: "Simulator") -> web.Application:
    """Return the application of a simulator."""
    return _Server(simulator).app


def _response(answer: Answer, request: web.Request) -> web.Response:
    """Return a reply, gzipped where the client takes that."""
    response = web.Response(
        status=answer.status, body=answer.body, headers=answer.headers, content_type="application/json", charset="utf-8"
    )
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response


async def _read(request: web.Request, venue: str, path: str) -> Request:
    """Return a request as the venues take it; its query as it was sent, not as it was understood."""
    return Request(
        request.method,
        venue,
        path,
        request.raw_path.partition("?")[2],
        dict(request.query),
        {name.lower(): value for name, value in request.headers.items()},
        await request.read(),
        request.remote or "127.0.0.1",
    )


class _Server:
    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator
        self.app = web.Application()
        self.app.router.add_get("/control/state", self._state)
        self.app.router.add_route("*", "/control/faults", self._faults)
        self.app.router.add_post("/control/advance", self._advance)
        self.app.router.add_route("*", "/control/accounts", self._accounts)
        self.app.router.add_route("*", "/{path:.*}", self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        venue, path = split(request.match_info["path"])
        self._simulator.touched()
        if not venue:
            return _response(
                Answer(404, encode({"error": {"name": 404, "message": "No venue has this path"}})), request
            )
        asked = await _read(request, venue, path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request, asked)
        return await self._rest(request, asked)

    async def _rest(self, request: web.Request, asked: Request) -> web.StreamResponse:
        simulator, query, venue = self._simulator, asked.query, asked.venue
        symbol = query.get("symbol") or query.get("market") or query.get("markets") or ""
        hits = simulator.faults.reply(venue, symbol)
        kinds = {fault.kind for fault in hits}
        muting = [fault for fault in hits if fault.kind == "mute"]
        for fault in hits:
            if fault.kind == "latency":
                await asyncio.sleep(simulator.faults.delay(fault) / 1e9)
        # Faults end in virtual time, which wakes nobody.
        while any(one in simulator.faults.active() for one in muting) and not simulator.stopping.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        answer = simulator.venues.serve(asked)
        if answer.silent:
            await simulator.stopping.wait()
        if "garbage" in kinds:
            answer.body = simulator.faults.damage(answer.body)
        return _response(answer, request)

    async def _socket(self, request: web.Request, asked: Request) -> web.StreamResponse:
        simulator, venue = self._simulator, asked.venue
        connection = Connection(
            venue, simulator.faults, lambda: simulator.world.now, simulator.settings.queue, binary=venue == "upbit"
        )
        try:
            connection.session = simulator.venues.open(asked, connection)
        except Refused as refusal:
            return _response(refusal.answer, request)
        socket = web.WebSocketResponse(autoping=False, compress=venue == "upbit", timeout=1.0)
        try:
            await socket.prepare(request)
            connection.transport = request.transport
            simulator.connections[connection] = None
            await self._converse(socket, connection)
        finally:
            connection.gone = True
            simulator.connections.pop(connection, None)
            connection.session.closed()
        return socket

    async def _converse(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        """Write and read until either side ends it; an error of our own is raised, for the server's log."""
        tasks = [
            asyncio.create_task(self._write(socket, connection)),
            asyncio.create_task(self._read(socket, connection)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    @staticmethod
    async def _write(socket: web.WebSocketResponse, connection: Connection) -> None:
        try:
            await connection.write(socket)
        except ConnectionError:
            return
        if connection.is_cut:
            connection.abort()

    async def _read(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        session = connection.session
        if session is None:
            return
        async for message in socket:
            now = self._simulator.world.now
            if message.type is WSMsgType.TEXT:
                session.receive(message.data.encode(), now)
            elif message.type is WSMsgType.BINARY:
                session.receive(message.data, now)
            elif message.type is WSMsgType.PING:
                session.pong(now)
                await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                session.pong(now)

    async def _state(self, request: web.Request) -> web.Response:
        return _response(Answer(200, encode(self._simulator.state())), request)

    async def _faults(self, request: web.Request) -> web.Response:
        """POST sets one fault or a list of them, DELETE takes all back."""
        if request.method == "DELETE":
            self._simulator.faults.clear()
        elif request.method == "POST":
            try:
                told: Any = await request.json()
                wanted = [Fault.model_validate(one) for one in (told if isinstance(told, list) else [told])]
            except (ValueError, ValidationError) as error:
                return _response(Answer(400, encode({"error": str(error)})), request)
            for fault in wanted:
                self._simulator.add_fault(fault)
        return await self._state(request)

    async def _accounts(self, request: web.Request) -> web.Response:
        """GET shows every ledger; POST changes accounts: see `Control`."""
        if request.method == "POST":
            try:
                self._simulator.control(Control.model_validate(await request.json()))
            except ValueError as error:
                return _response(Answer(400, encode({"error": str(error)})), request)
        body = {"schema_version": 1, "accounts": self._simulator.venues.accounts.report()}
        return _response(Answer(200, encode(body)), request)

    async def _advance(self, request: web.Request) -> web.Response:
        """Move the manual clock: ``?seconds=1.5``."""
        try:
            await self._simulator.advance(float(request.query.get("seconds", "")))
        except ValueError as error:
            return _response(Answer(400, encode({"error": str(error)})), request)
        return await self._state(request)
