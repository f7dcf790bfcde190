"""One request and its answer, carried as HTTP."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from autoloop.egress import relay
from autoloop.egress.refusal import RefusalError
from autoloop.egress.relay import End, Tick
from autoloop.egress.request import AnswerHead, Request, parse_answer

MAX_HEAD_BYTES = 65_536


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request on its way to the host and the answer on its way back."""

    request: Request
    body_length: int | None
    """None: it comes in chunks."""
    client: End
    host: End
    tick: Tick
    answered: bool = False
    """Whether the client was sent anything."""

    async def carry(self) -> None:
        """Carry both; the answer may come before the request's body has ended.

        Raises:
            RefusalError: the host gives no answer that could be passed on.
        """
        await self.host.send(self.request.forwarded())
        upload = asyncio.ensure_future(self._upload())
        try:
            await self._return_answer()
        finally:
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)

    async def _upload(self) -> None:
        try:
            await relay.body(self.client, self.host, length=self.body_length, tick=self.tick)
        except OSError:
            # The host takes no more of it; its answer may say why.
            return
        except (EOFError, ValueError, asyncio.LimitOverrunError):
            # The rest will never come, and the host must not wait for it.
            self.host.hang_up()

    async def _return_answer(self) -> None:
        answer = await self._answer_head()
        while answer.is_interim:
            await self._send(answer)
            answer = await self._answer_head()
        await self._send(answer)
        await relay.stream(self.host, self.client, self.tick)

    async def _send(self, answer: AnswerHead) -> None:
        self.answered = True
        await self.client.send(answer.raw)
        self.tick()

    async def _answer_head(self) -> AnswerHead:
        try:
            return parse_answer(await self.host.reader.readuntil(b"\r\n\r\n"))
        except (EOFError, ConnectionError) as error:
            raise RefusalError(
                HTTPStatus.BAD_GATEWAY, "The host ended the connection without an answer."
            ) from error
        except asyncio.LimitOverrunError as error:
            raise RefusalError(
                HTTPStatus.BAD_GATEWAY,
                f"The head of the host's answer is larger than {MAX_HEAD_BYTES:,} bytes.",
            ) from error
