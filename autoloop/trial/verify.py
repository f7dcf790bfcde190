"""Judges one step: where the agent worked, or in an environment of the verifier's own."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from autoloop.errors import AgentError, EngineError
from autoloop.ports import Container
from autoloop.records import CommandResult, TaskStep, Verifier
from autoloop.trial.artifacts import Collection
from autoloop.trial.box import LOG_BYTES, LOG_FOLDERS, Box, Surveys
from autoloop.trial.env import BoxEnv
from autoloop.trial.plan import PARTS, TrialPlan
from autoloop.trial.rewards import RewardProblem, read_rewards

IDLE_S = 60.0
"""How long an action that goes on may take to notice that its command was killed."""
TESTS = "/tests"
REWARDS = "/logs/verifier"


class Verification:
    """Everything from the end of the agent's time to the rewards of a step."""

    def __init__(self, plan: TrialPlan, box: Box, surveys: Surveys, *, has_tests: bool) -> None:
        """`box` is where the agents work; `has_tests` whether its image has a /tests."""
        self._plan = plan
        self._box = box
        self._surveys = surveys
        self._goes_on = False
        self._cleared = [REWARDS]
        if not has_tests or plan.task.is_multi_step:
            # What lies there is the agent's or an earlier step's, and must not mix with the tests.
            self._cleared.append(TESTS)

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
        if step.verifier.environment is None:
            return self._shared(step, env)
        return self._separate(step, env, is_last=is_last)

    def salvage(self, step: TaskStep, env: BoxEnv) -> None:
        """Copy out what a step left that is not to be verified, and end the environment."""
        env.close()
        collection = Collection(self._plan, self._box, step)
        with suppress(AgentError):
            self._collect(collection)
        self._box.container.kill()
        self._copy_out(step, collection)

    def reset(self, step: TaskStep) -> None:
        """Clear away what is left of `step` before the next one begins."""
        used = [*LOG_FOLDERS, *([TESTS] if step.verifier.environment is None else [])]
        if self._plan.keeps_services:
            self._box.empty(used)
        else:
            self._box.container.seal(used)

    def _shared(self, step: TaskStep, env: BoxEnv) -> Mapping[str, float]:
        verifier, folder = step.verifier, self._plan.step_folder(step)
        collection = Collection(self._plan, self._box, step)
        try:
            self._make_ready(verifier, env, collection)
            self._box.line.use(verifier.network or self._box.environment.network)
            done = self._run_tests(self._box, verifier)
        finally:
            self._copy_out(step, collection)
        return _rewards(self._box.container, done, folder / "verifier")

    def _make_ready(self, verifier: Verifier, env: BoxEnv, collection: Collection) -> None:
        """The agent's time ends, then what it left is collected, then the tests come."""
        if self._goes_on:
            env.close()
            self._collect(collection)
            if self._plan.task.is_multi_step or not self._plan.rules.harbor_quirks:
                self._box.empty(self._cleared)
            self._put_tests(self._box, verifier.tests)
            return
        first = {TESTS: verifier.tests[0]}
        if collection.is_wanted:
            self._end_agents_time(env, [], {})
            self._collect(collection)
            self._box.container.seal(self._cleared, bring=first)
        else:
            self._end_agents_time(env, self._cleared, first)
        self._put_tests(self._box, verifier.tests[1:])

    def _separate(self, step: TaskStep, env: BoxEnv, *, is_last: bool) -> Mapping[str, float]:
        collection = Collection(self._plan, self._box, step)
        if self._goes_on:
            env.close()
        else:
            self._end_agents_time(env, [], {})
        self._collect(collection)
        self._copy_out(step, collection, parts=("agent", "artifacts"))
        if is_last:
            self._box.end()
        return self._in_fresh(step, collection)

    def _in_fresh(self, step: TaskStep, collection: Collection) -> Mapping[str, float]:
        verifier, fetched = step.verifier, self._plan.step_folder(step) / "verifier"
        environment = verifier.environment
        if environment is None:
            raise RuntimeError("Only a verifier with an environment of its own comes here.")
        # Harbor gives it the time of the agent's environment, whatever its own is.
        own_s = max(self._plan.task.environment.build_timeout_s, environment.build_timeout_s)
        limit_s = self._plan.rules.timeouts.build_s(own_s)
        with Box.start(self._plan, environment, timeout_s=limit_s) as fresh:
            self._surveys.of(
                fresh, self._plan, users=users_of(verifier), place=f"verifier of {step.name}"
            )
            collection.bring_to(fresh)
            self._put_tests(fresh, verifier.tests)
            fresh.line.use(verifier.network or environment.network)
            try:
                done = self._run_tests(fresh, verifier)
            finally:
                fresh.container.fetch(REWARDS, fetched, max_bytes=LOG_BYTES)
            return _rewards(fresh.container, done, fetched)

    def _collect(self, collection: Collection) -> None:
        if collection.is_wanted:
            self._box.line.use(self._box.environment.network)
            collection.collect()

    def _copy_out(
        self, step: TaskStep, collection: Collection, *, parts: Sequence[str] = PARTS
    ) -> None:
        self._box.fetch_logs(self._plan.step_folder(step), parts=parts)
        collection.write_manifest()

    def _end_agents_time(
        self, env: BoxEnv, clear: Sequence[str], bring: Mapping[str, Path]
    ) -> None:
        """Nothing of the agent goes on after this, neither in the container nor on its way to it.

        Raises:
            AgentError: as `Container.seal`.
            EngineError: an action of the agent does not end.
        """
        idle = env.close()
        self._box.container.seal(clear, bring=bring)
        if idle:
            return
        if not env.wait_until_idle(IDLE_S):
            raise EngineError(
                f"An action in the task container went on for {IDLE_S:g} s after its processes"
                " were killed; the container engine is overloaded or broken."
            )
        # What went on may have started or written something after the first time.
        self._box.container.seal(clear, bring=bring)

    @staticmethod
    def _put_tests(box: Box, folders: Sequence[Path]) -> None:
        for folder in folders:
            box.container.put(folder, TESTS)

    def _run_tests(self, box: Box, verifier: Verifier) -> CommandResult:
        scripts = [folder / "test.sh" for folder in reversed(verifier.tests)]
        brought = next((script for script in scripts if script.is_file()), None)
        box.make_executable(f"{TESTS}/test.sh", source=brought)
        limit_s = self._plan.rules.timeouts.verifier_s(verifier.timeout_s)
        done = box.run(
            f"({TESTS}/test.sh) > {REWARDS}/test-stdout.txt 2>&1",
            timeout_s=limit_s,
            user=verifier.user,
            env=verifier.env,
        )
        if done.timed_out:
            raise RewardProblem(
                "VerifierTimeoutError",
                f"tests/test.sh ran longer than the {limit_s:g} s of [verifier].timeout_sec, as"
                " the settings make of it, and was ended.",
            )
        return done


def users_of(verifier: Verifier) -> Mapping[str, str]:
    """Who runs the tests, if the task says so, with the key that says it."""
    return {verifier.user: "[verifier].user"} if verifier.user else {}


def _rewards(container: Container, done: CommandResult, fetched: Path) -> Mapping[str, float]:
    try:
        return read_rewards(container, fetched=fetched)
    except RewardProblem as problem:
        if done.exit_code == 0:
            raise
        said = (done.stderr or done.stdout).strip()[-500:]
        end = f"tests/test.sh ended with exit code {done.exit_code}" + (said and f": {said}")
        raise RewardProblem(problem.kind, f"{problem} {end}") from problem
