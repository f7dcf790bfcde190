"""Why a request is not answered by the host that it names."""

from http import HTTPStatus


class RefusalError(Exception):
    """A request is answered by the proxy itself: with this status, and this sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence

    def answer(self) -> bytes:
        """The whole HTTP answer.

        The sentence is the reason phrase, too: of a refused CONNECT that is all that clients show.
        """
        # The sentence names what a client sent: it must end neither the line nor the header.
        line = "".join(c if " " <= c <= "~" else "?" for c in self.sentence)
        body = f"{line}\n".encode("ascii")
        head = (
            f"HTTP/1.1 {self.status.value} {line}\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode("ascii") + body
