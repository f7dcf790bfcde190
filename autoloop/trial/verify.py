"""Judges one step: where the agent worked, or in an environment of the verifier's own."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Literal

from autoloop.errors import AgentError, EngineError, StorageError
from autoloop.ports import Container
from autoloop.records import CommandResult, Environment, TaskStep, TrialFinding, Verifier
from autoloop.trial.artifacts import Collection
from autoloop.trial.box import LOG_BYTES, Box, Survey, Surveys
from autoloop.trial.env import BoxEnv
from autoloop.trial.forgery import (
    MARK,
    REPORT,
    Ended,
    Known,
    changed_since,
    refuse_killed,
    written_beside,
)
from autoloop.trial.inspection import Inspection, removed
from autoloop.trial.plan import LOG_FOLDERS, PARTS, TrialPlan
from autoloop.trial.rewards import RewardProblem, read_rewards
from autoloop.trial.tampering import Judged

IDLE_S = 60.0
"""How long an action that goes on may take to notice that its command was killed."""
TESTS = "/tests"
CANARY = f"{TESTS}/.canary"
REWARDS = "/logs/verifier"
CLOSED = (TESTS, "/solution", "/logs", "/proc", "/dev", "/sys", "/run")
"""Where no link that is brought to the tests may lead."""
MEGABYTE = 1024 * 1024
MUCH_BYTES = 1024 * MEGABYTE
"""Who brings so much to a disk that is full then has filled it."""
BLOCK = 512
"""Bytes in which a file's own room is counted, whatever the file system."""


class Verification:
    """Everything from the end of the agent's time to the rewards of a step."""

    def __init__(self, plan: TrialPlan, box: Box, surveys: Surveys, *, survey: Survey) -> None:
        """`box` is where the agents work; `survey` what its image is like."""
        self._plan = plan
        self._box = box
        self._surveys = surveys
        self._inspection = Inspection(plan, box, survey)
        self._forged: list[TrialFinding] = []
        self._goes_on = False
        self._has_tests = survey.has_tests
        """Whether the image has something at /tests, which may be a link."""
        self._cleared = [REWARDS]
        if not survey.has_tests or plan.task.is_multi_step:
            # What lies there is the agent's or an earlier step's, and must not mix with the tests.
            self._cleared.append(TESTS)

    @property
    def findings(self) -> tuple[TrialFinding, ...]:
        """What speaks against the agent, as far as its environment shows it."""
        forged = self._forged if self._plan.request.agent.kind == "python" else []
        return (*self._inspection.findings, *forged)

    def mode(self, step: TaskStep) -> Literal["fresh", "shared", "separate"]:
        """Where the tests of a step run."""
        if step.verifier.environment is not None:
            return "separate"
        is_fresh = self._plan.wants_fresh and self._inspection.is_possible
        return "fresh" if is_fresh else "shared"

    def rewards(
        self, step: TaskStep, env: BoxEnv, *, is_last: bool, in_time: bool
    ) -> Mapping[str, float]:
        """End the agent's time in `env`, run the tests, and read the rewards.

        `in_time` says that the agent ended of itself: what it left running may then be kept.

        Whatever comes of it, the logs and artifacts are copied out into the step's folder. After
        the last step with a verifier of its own, the agent's environment has been ended.

        Raises:
            RewardProblem: there is no usable reward.
        """
        # Harbor lets even an agent go on whose time was over.
        self._goes_on = self._plan.keeps_services and (in_time or self._plan.rules.harbor_quirks)
        mode = self.mode(step)
        if mode == "fresh":
            return self._fresh(step, env)
        if mode == "shared":
            return self._shared(step, env)
        return self._separate(step, env, is_last=is_last)

    def salvage(self, step: TaskStep, env: BoxEnv) -> None:
        """Copy out what a step left that is not to be verified, and end the environment."""
        env.close()
        collection = Collection(self._plan, self._box, step)
        with suppress(AgentError):
            self._collect(collection)
        self._box.container.kill()
        # It has failed already; what cannot be looked at makes it no better.
        with suppress(AgentError, EngineError):
            self._inspection.judge("fresh")
        self._copy_out(step, collection)

    def reset(self, step: TaskStep) -> None:
        """Clear away what is left of `step` before the next one begins."""
        used = [*LOG_FOLDERS, *([TESTS] if step.verifier.environment is None else [])]
        if self._plan.keeps_services:
            self._box.empty(used)
        else:
            self._box.container.seal(used)
        self._inspection.begin_again()

    def _shared(self, step: TaskStep, env: BoxEnv) -> Mapping[str, float]:
        verifier, folder = step.verifier, self._plan.step_folder(step)
        collection = Collection(self._plan, self._box, step)
        try:
            self._make_ready(verifier, env, collection)
            self._box.line.use(verifier.network or self._box.environment.network)
            done = self._run_tests(self._box, verifier)
        finally:
            self._copy_out(step, collection)
        return self._read(self._box, verifier, done, folder / "verifier")

    def _make_ready(self, verifier: Verifier, env: BoxEnv, collection: Collection) -> None:
        """The agent's time ends, then what it left is collected, then the tests come."""
        if self._goes_on:
            env.close()
            self._collect(collection)
            self._inspection.judge("shared")
            if self._plan.task.is_multi_step or not self._plan.rules.harbor_quirks:
                self._box.empty(self._cleared)
            self._put_tests(self._box, verifier.tests)
            return
        self._end_agents_time(env)
        self._collect(collection)
        self._inspection.clean(self._inspection.judge("shared"))
        self._box.container.seal(self._cleared, bring={TESTS: verifier.tests[0]})
        self._put_tests(self._box, verifier.tests[1:])

    def _separate(self, step: TaskStep, env: BoxEnv, *, is_last: bool) -> Mapping[str, float]:
        collection = Collection(self._plan, self._box, step)
        if self._goes_on:
            env.close()
        else:
            self._end_agents_time(env)
        self._collect(collection)
        self._inspection.judge("fresh")
        self._copy_out(step, collection, parts=("agent", "artifacts"))
        if is_last:
            self._box.end()
        environment = step.verifier.environment or self._box.environment
        with self._new_box(environment) as fresh:
            tests = step.verifier.tests
            return self._judge_in(fresh, step, bring=collection.bring_to, tests=tests)

    def _fresh(self, step: TaskStep, env: BoxEnv) -> Mapping[str, float]:
        """The tests meet what the agent left as plain files, in a new container."""
        collection = Collection(self._plan, self._box, step)
        with ThreadPoolExecutor(1, "fresh-box") as pool, ExitStack() as stack:
            # It takes the engine as long to start one as to look at the other.
            starting = pool.submit(self._new_box, self._box.environment)
            stack.callback(_end_box, starting)
            self._end_agents_time(env)
            self._collect(collection)
            judged = self._inspection.judge("fresh")
            parts, are_empty = ("agent", "artifacts"), not judged.has_logs
            self._copy_out(step, collection, parts=parts, are_empty=are_empty)
            luggage = stack.enter_context(TemporaryFile(dir=self._plan.folder))
            self._pack(judged, luggage, tests=step.verifier.tests)
            self._box.end()

            def bring(fresh: Box) -> None:
                fresh.remove(removed(judged.carried))
                luggage.seek(0)
                fresh.container.unpack(luggage)

            left = step.verifier.tests if self._has_tests else ()
            return self._judge_in(starting.result(), step, bring=bring, tests=left)

    def _pack(self, judged: Judged, luggage: IO[bytes], *, tests: Sequence[Path]) -> None:
        """What of the agent's work can be brought to the tests, and the tests after it.

        To bring them by themselves would cost the engine as much as one more command.
        """
        try:
            withheld = self._box.container.pack(
                [change.path for change in judged.carried if change.kind != "removed"],
                luggage,
                closed=CLOSED,
                max_bytes=self._luggage_bytes(),
                bring=[] if self._has_tests else [(TESTS, folder) for folder in tests],
            )
        except StorageError as error:
            taken = os.fstat(luggage.fileno()).st_blocks * BLOCK
            if taken < MUCH_BYTES:
                raise
            # Whoever makes a trial invalid at will is lucky in the end.
            raise AgentError(
                f"What the agent left in the task container took {taken:,} bytes on its way to the"
                " tests, and filled the disk."
            ) from error
        for one in withheld:
            self._plan.note(f"Not brought to the tests: {one.path!r}, {one.reason}.")

    def _luggage_bytes(self) -> int:
        """No more than may be written, sparse files as they are read."""
        share = self._box.environment.resources.storage_mb
        return (self._plan.rules.disk_mb if share is None else share) * MEGABYTE

    def _new_box(self, environment: Environment) -> Box:
        """A new environment to run the tests of a step in."""
        # Harbor gives it the time of the agent's environment, whatever its own is.
        own_s = max(self._plan.task.environment.build_timeout_s, environment.build_timeout_s)
        limit_s = self._plan.rules.timeouts.build_s(own_s)
        return Box.start(self._plan, environment, timeout_s=limit_s)

    def _judge_in(
        self,
        fresh: Box,
        step: TaskStep,
        *,
        bring: Callable[[Box], None],
        tests: Sequence[Path],
    ) -> Mapping[str, float]:
        """Run the tests of a step in a new environment, once what belongs there is there.

        `tests` are folders that `bring` does not bring.
        """
        verifier, fetched = step.verifier, self._plan.step_folder(step) / "verifier"
        is_own = fresh.environment is not self._box.environment
        place = f"verifier of {step.name}" if is_own else ""
        self._surveys.of(fresh, self._plan, users=users_of(verifier), place=place)
        if fresh.environment.healthcheck is not None:
            is_patient = not self._plan.rules.harbor_quirks
            fresh.wait_until_healthy(fresh.environment.healthcheck, is_patient=is_patient)
        bring(fresh)
        self._put_tests(fresh, tests)
        fresh.line.use(verifier.network or fresh.environment.network)
        try:
            done = self._run_tests(fresh, verifier)
        finally:
            fresh.container.fetch(REWARDS, fetched, max_bytes=LOG_BYTES)
        return self._read(fresh, verifier, done, fetched)

    def _collect(self, collection: Collection) -> None:
        if collection.is_wanted:
            self._box.line.use(self._box.environment.network)
            collection.collect()

    def _copy_out(
        self,
        step: TaskStep,
        collection: Collection,
        *,
        parts: Sequence[str] = PARTS,
        are_empty: bool = False,
    ) -> None:
        self._box.fetch_logs(self._plan.step_folder(step), parts=parts, are_empty=are_empty)
        collection.write_manifest()

    def _end_agents_time(self, env: BoxEnv) -> None:
        """Nothing of the agent goes on after this, neither in the container nor on its way to it.

        Raises:
            AgentError: as `Container.seal`.
            EngineError: an action of the agent does not end.
        """
        idle = env.close()
        self._box.container.seal([])
        if idle:
            return
        if not env.wait_until_idle(IDLE_S):
            raise EngineError(
                f"An action in the task container went on for {IDLE_S:g} s after its processes"
                " were killed; the container engine is overloaded or broken."
            )
        # What went on may have started something after the first time.
        self._box.container.seal([])

    @staticmethod
    def _put_tests(box: Box, folders: Sequence[Path]) -> None:
        for folder in folders:
            box.container.put(folder, TESTS)

    def _run_tests(self, box: Box, verifier: Verifier) -> CommandResult:
        scripts = [folder / "test.sh" for folder in reversed(verifier.tests)]
        brought = next((script for script in scripts if script.is_file()), None)
        box.make_executable(f"{TESTS}/test.sh", source=brought)
        limit_s = self._plan.rules.timeouts.verifier_s(verifier.timeout_s)
        # Tests that run the agent's program can be ended by it, together with their container.
        box.container.mark()
        done = box.run(
            f"echo {self._plan.canaries.token} 2> /dev/null > {CANARY};"
            f" ({TESTS}/test.sh) > {REWARDS}/test-stdout.txt 2>&1; {REPORT}",
            timeout_s=limit_s,
            user=verifier.user,
            env=verifier.env,
        )
        if box is not self._box or not self._goes_on:
            # A program that the tests ran may have left something that waits for their end.
            box.container.seal([])
        if done.timed_out:
            raise RewardProblem(
                "VerifierTimeoutError",
                f"tests/test.sh ran longer than the {limit_s:g} s of [verifier].timeout_sec, as"
                " the settings make of it, and was ended.",
            )
        return done

    def _read(
        self, box: Box, verifier: Verifier, done: CommandResult, fetched: Path
    ) -> Mapping[str, float]:
        """The rewards, and what speaks against their being those of the tests."""
        ended = Ended.of(done)
        refuse_killed(done, ended)
        if ended is not None:
            # First of all: a writer that was ended in the midst of it leaves no reward.
            self._forged += changed_since(ended, box.container, fetched)
        rewards = _rewards(box.container, done, fetched)
        known = Known(
            folders=(*verifier.tests, box.environment.folder),
            texts=(*verifier.env.values(), *box.environment.env.values()),
            rule=self._plan.rules.reward,
        )
        self._forged += written_beside(rewards, box.container, fetched, known=known)
        return rewards


def _end_box(starting: Future[Box]) -> None:
    """End an environment that was started in the background, if it was."""
    if starting.exception() is None:
        starting.result().end()


def users_of(verifier: Verifier) -> Mapping[str, str]:
    """Who runs the tests, if the task says so, with the key that says it."""
    return {verifier.user: "[verifier].user"} if verifier.user else {}


def _rewards(container: Container, done: CommandResult, fetched: Path) -> Mapping[str, float]:
    try:
        return read_rewards(container, fetched=fetched)
    except RewardProblem as problem:
        if done.exit_code == 0:
            raise
        said = (done.stderr or done.stdout.partition(MARK)[0]).strip()[-500:]
        end = f"tests/test.sh ended with exit code {done.exit_code}" + (said and f": {said}")
        raise RewardProblem(problem.kind, f"{problem} {end}") from problem
