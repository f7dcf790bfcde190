"""How images are built: by the engine's classic builder, or by BuildKit where it takes that."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import docker.auth
from docker.api.client import APIClient

from autoloop.errors import ImageError
from autoloop.sandbox.archives import Entry
from autoloop.sandbox.cli import Call, DockerCli, host_environment
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.dockerfile import Dockerfile, Instruction, parse
from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.heredocs import Rewriter
from autoloop.sandbox.progress import Progress

FIRST_WITH_HEREDOCS = 23
"""Major version of the engine whose own BuildKit knows heredocs and `--link`."""
BUILDKIT_ENV = {"BUILDX_BUILDER": "default", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
"""The engine's own BuildKit, the only one that sees the engine's images; and plain images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An image to be built."""

    tag: str
    context: BuildContext
    timeout_s: float
    instead: tuple[Entry, ...] = ()
    """Files that take the place of those of the context."""
    automatic: tuple[str, ...] = ()
    """ARGs that BuildKit would give by itself."""
    sealed: bool = False
    """Without network, and without what earlier builds left."""

    @property
    def what(self) -> str:
        """Beginning of the sentence when it fails."""
        return f"The image of {self.context.folder} does not build"


class Builder:
    """Builds images; any thread may call."""

    def __init__(
        self,
        api: APIClient,
        cli: DockerCli,
        *,
        environment_of: Callable[[str], Mapping[str, str]],
    ) -> None:
        """`environment_of` gives the variables that a base image sets."""
        self._api = api
        self._cli = cli
        self._environment_of = environment_of

    def build(
        self, tag: str, context: BuildContext, *, timeout_s: float, sealed: bool = False
    ) -> None:
        """Build an image; `sealed`: without network, and without what earlier builds left.

        Raises:
            ImageError: it does not build, with the end of the log.
        """
        order = Order(tag=tag, context=context, timeout_s=timeout_s, sealed=sealed)
        text = context.dockerfile_text()
        dockerfile = parse(text)
        if dockerfile.is_classic:
            self._classically(order)
        elif self._cli.has("buildx") and self._knows_heredocs():
            self._with_buildkit(self._without_frontend(order, dockerfile, text))
        else:
            self._rewritten(order, dockerfile)

    def _rewritten(self, order: Order, dockerfile: Dockerfile) -> None:
        """Build what an older builder can, once it is put in its words."""
        rewritten = Rewriter(order.context.args, self._environment_of).rewrite(dockerfile)
        changed = Entry(path=order.context.dockerfile, mode=0o644, data=rewritten.text.encode())
        put_in_its_words = replace(
            order, instead=(changed, *rewritten.files), automatic=rewritten.automatic
        )
        needing = [step for step in dockerfile.instructions if step.buildkit_need]
        if self._cli.has("buildx") and (needing or rewritten.automatic or dockerfile.syntax_line):
            self._with_buildkit(put_in_its_words)
        elif needing:
            raise ImageError(_remedy(order, needing[0]))
        else:
            self._classically(put_in_its_words)

    def _classically(self, order: Order) -> None:
        context = order.context
        params = {
            "t": order.tag,
            "buildargs": json.dumps({**self._platform(order.automatic), **context.args}),
            "target": context.target or "",
            "dockerfile": context.dockerfile,
            "rm": "1",
            "forcerm": "1",
            "labels": json.dumps({"autoloop": "1"}),
            **({"nocache": "1", "networkmode": "none"} if order.sealed else {}),
        }
        logins = docker.auth.load_config(credstore_env=self._api.credstore_env)
        credentials = logins.get_all_credentials()  # type: ignore[no-untyped-call]
        headers = {
            "Content-Type": "application/x-tar",
            "X-Registry-Config": docker.auth.encode_header(credentials).decode(),
        }
        with (
            engine_errors(f"building the image of {context.folder}"),
            context.archive(instead=order.instead) as archive,
        ):
            progress = Progress(what=order.what, timeout_s=order.timeout_s)
            progress.follow(self._api, "/build", params=params, headers=headers, data=archive)

    def _with_buildkit(self, order: Order) -> None:
        context = order.context
        given = [part for pair in context.args.items() for part in ("--build-arg", "=".join(pair))]
        stage = ["--target", context.target] if context.target else []
        seal = ["--no-cache", "--network", "none"] if order.sealed else []
        options = ["--load", "--progress", "plain", "--label", "autoloop=1", "--tag", order.tag]
        call = Call(
            arguments=(
                *("buildx", "build", *options, *given, *stage, *seal),
                *("--file", context.dockerfile, "-"),
            ),
            what=order.what,
            timeout_s=order.timeout_s,
            env={**host_environment(), **BUILDKIT_ENV},
        )
        with context.archive(instead=order.instead) as archive:
            self._cli.run(call, data=archive)

    @staticmethod
    def _without_frontend(order: Order, dockerfile: Dockerfile, text: str) -> Order:
        """Without the line that would pull an image which is to read the file."""
        if dockerfile.syntax_line is None:
            return order
        lines = text.splitlines(keepends=True)
        del lines[dockerfile.syntax_line - 1]
        changed = Entry(path=order.context.dockerfile, mode=0o644, data="".join(lines).encode())
        return replace(order, instead=(changed,))

    def _knows_heredocs(self) -> bool:
        with engine_errors("asking for the engine's version"):
            major = str(self._api.version()["Version"]).partition(".")[0]
        return major.isdecimal() and int(major) >= FIRST_WITH_HEREDOCS

    def _platform(self, names: tuple[str, ...]) -> dict[str, str]:
        """What BuildKit says in its own ARGs: image and engine are of one platform here."""
        if not names:
            return {}
        with engine_errors("asking for the engine's architecture"):
            version = self._api.version()
        system, arch = str(version["Os"]), str(version["Arch"])
        known = {"OS": system, "ARCH": arch, "PLATFORM": f"{system}/{arch}", "VARIANT": ""}
        return {name: known[name.removeprefix("TARGET").removeprefix("BUILD")] for name in names}


def _remedy(order: Order, step: Instruction) -> str:
    file = order.context.folder / order.context.dockerfile
    return (
        f"{file}, line {step.line}: {step.buildkit_need} "
        f"takes BuildKit, and `docker buildx version` does not run here: run sandboxes/setup.sh, "
        f"which installs it on Debian and Ubuntu, or write the line without it."
    )
