"""Audits what a run kept: after each kept edit, at the end, and whenever somebody asks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from autoloop.app.audit_file import known_audit, write_audit
from autoloop.app.compose import judge_model
from autoloop.app.contents import tasks_of_run
from autoloop.app.hidden_files import task_facts
from autoloop.app.project import Project, is_calibration
from autoloop.app.standing import RunView, reading
from autoloop.app.train_material import train_material
from autoloop.audit import (
    Candidate,
    Judge,
    Looked,
    SeenTrial,
    TaskFacts,
    conclude,
    look,
    texts_of,
)
from autoloop.errors import AgentError, InfraError, RunError, UserError
from autoloop.guards import standard_guards
from autoloop.ports import AuditOutcome, Guard
from autoloop.records import (
    Agent,
    Audit,
    CandidateAudit,
    Decision,
    Integrity,
    Purpose,
    Run,
    Split,
    Step,
    Task,
    Track,
    TrialKey,
    TrialResult,
    Usage,
)
from autoloop.report import audit_sentence
from autoloop.store import running_pid
from autoloop.traces import read_transcript
from autoloop.trial import read_track
from autoloop.workspace import GitWorkspace

JUDGED_TRACES = 3
UNREAD = Track(trouble="it was not read")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRun:
    """The run that is audited."""

    folder: Path
    run: Run
    baseline: str
    """The agent.py that it began with."""


class RunAuditor:
    """An `Auditor` of one run; it writes audit.json into the run's folder."""

    def __init__(
        self,
        view: AuditedRun,
        *,
        tasks: Sequence[Task],
        guard: Guard,
        judge: Judge | None = None,
    ) -> None:
        self._view = view
        self._tasks = tasks
        self._guard = guard
        self._judge = judge

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._view.folder

    def kept(self, step: Step, trials: Sequence[TrialResult], *, may_ask: bool) -> AuditOutcome:
        """Look at a kept edit and its trials alone."""
        usage = Usage()
        try:
            found = self.candidate(step, trials)
            if self._judge is not None and may_ask:
                found, usage = self._with_opinion(self._judge, step, trials, found=found)
            self._record(found)
        except (UserError, AgentError, InfraError, OSError) as error:
            return AuditOutcome(notice=f"Step {step.index} is not audited: {error}", usage=usage)
        return AuditOutcome(notice=_notice(found), usage=usage)

    def whole(self, steps: Sequence[Step], trials: Sequence[TrialResult]) -> Audit:
        """Look at the first agent and all kept edits; opinions that were given stay."""
        known = known_audit(self.folder)
        opinions = {own.commit: own.opinion for own in (known.candidates if known else ())}
        candidates = [self._candidate(step) for step in (None, *filter(_is_kept, steps))]
        found = self._audited(candidates, trials)
        return Audit(
            run=self._view.run.name,
            whole=True,
            candidates=tuple(replace(own, opinion=opinions.get(own.commit)) for own in found),
        )

    def candidate(self, step: Step | None, trials: Sequence[TrialResult]) -> CandidateAudit:
        """Look at one candidate; None is the first agent."""
        (found,) = self._audited([self._candidate(step)], trials)
        return found

    def _audited(
        self, candidates: Sequence[Candidate], trials: Sequence[TrialResult]
    ) -> list[CandidateAudit]:
        """Look at candidates; a trial with several of them on is read once."""
        before = [t for t in trials if t.key.agent == Agent(source=self._view.baseline).digest]
        texts = frozenset[str]().union(*map(texts_of, candidates))
        looked: dict[tuple[str, TrialKey], Looked] = {}
        found = []
        for candidate in candidates:
            own = []
            for seen in _own_trials(candidate, trials):
                key = (seen.result.id, seen.result.key)
                if key not in looked:
                    track = read_track(self.folder / seen.result.folder)
                    read = replace(seen, track=track)
                    looked[key] = look(read, candidate.facts(seen.result), texts=texts)
                own.append((looked[key], seen.alone))
            found.append(conclude(candidate, own, before=before))
        return found

    @cached_property
    def _facts(self) -> Mapping[str, TaskFacts]:
        return {task.name: task_facts(task) for task in self._tasks}

    def _candidate(self, step: Step | None) -> Candidate:
        if step is None or step.proposal is None:
            commit = self._view.run.base
            return Candidate(step=0, commit=commit, source=self._view.baseline, tasks=self._facts)
        source = step.proposal.source
        is_new = source != self._view.baseline
        return Candidate(
            step=step.index,
            commit=step.candidate or "",
            source=source,
            baseline=self._view.baseline,
            gate=self._guard.check(before=self._view.baseline, after=source) if is_new else (),
            made_by=step,
            tasks=self._facts,
        )

    def _with_opinion(
        self, judge: Judge, step: Step, trials: Sequence[TrialResult], *, found: CandidateAudit
    ) -> tuple[CandidateAudit, Usage]:
        """The same with a model's opinion, which sees traces of train tasks alone."""
        candidate = self._candidate(step)
        own = [seen.result for seen in _own_trials(candidate, trials)]
        train = [trial for trial in own if trial.split is Split.TRAIN][-JUDGED_TRACES:]
        traces = tuple(read_transcript(self.folder / trial.folder) for trial in train)
        judged = judge.opinion(candidate, found, traces=traces)
        return replace(found, opinion=judged.opinion), judged.usage

    def _record(self, found: CandidateAudit) -> None:
        known = known_audit(self.folder)
        others = [o for o in (known.candidates if known else ()) if o.step != found.step]
        candidates = tuple(sorted([*others, found], key=lambda own: own.step))
        write_audit(self.folder, Audit(run=self._view.run.name, whole=False, candidates=candidates))


def run_auditor(
    folder: Path, run: Run, *, tasks: Sequence[Task], guard: Guard, baseline: str
) -> RunAuditor:
    """The auditor of a run, with the judge that its settings name."""
    # Edits that change nothing need nobody's opinion.
    model = None if is_calibration(run.name) else judge_model(run)
    return RunAuditor(
        AuditedRun(folder=folder, run=run, baseline=baseline),
        tasks=tasks,
        guard=guard,
        judge=None if model is None else Judge(model),
    )


def audit_run(project: Project, name: str | None, *, step: int | None = None) -> Audit:
    """Audit a run anew, or one of its steps, kept or not; no model is asked.

    The audit of a whole run is recorded, unless a process is at work on the run.

    Raises:
        RunError: there is no such run, or it has no such step.
    """
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        auditor = _auditor(project, view, workspace)
        steps, trials = view.store.steps(), view.store.trials()
        if step is not None:
            found = auditor.candidate(_chosen(view, steps, step), trials)
            return Audit(run=view.run.name, whole=False, candidates=(found,))
        audit = auditor.whole(steps, trials)
        if running_pid(view.folder) is None:
            write_audit(view.folder, audit)
        return audit


def final_audit(auditor: RunAuditor, steps: Sequence[Step], trials: Sequence[TrialResult]) -> str:
    """Audit and record a run that has ended; what a person should know of it."""
    try:
        audit = auditor.whole(steps, trials)
        write_audit(auditor.folder, audit)
    except (UserError, AgentError, InfraError, OSError) as error:
        return f"The run is not audited: {error}"
    return audit_sentence(audit)


def _auditor(project: Project, view: RunView, workspace: GitWorkspace) -> RunAuditor:
    run = view.run
    tasks = tasks_of_run(project, run)
    material = train_material(tasks, run.splits)
    audited = AuditedRun(folder=view.folder, run=run, baseline=workspace.source(run.base))
    return RunAuditor(audited, tasks=tasks, guard=standard_guards(material))


def _chosen(view: RunView, steps: Sequence[Step], index: int) -> Step | None:
    if index == 0:
        return None
    found = next((step for step in steps if step.index == index), None)
    if found is None or found.proposal is None:
        raise RunError(
            f"Run {view.run.name!r} has no edit of a step {index}: it has steps 1 to {len(steps)},"
            " and 0 is the agent that it began with."
        )
    return found


def _is_kept(step: Step) -> bool:
    kept = step.verdict is not None and step.verdict.decision is Decision.KEEP
    return kept and step.finished_at is not None and step.proposal is not None


def _own_trials(candidate: Candidate, trials: Sequence[TrialResult]) -> Iterator[SeenTrial]:
    """Counted trials of this very agent.py, or with its edit on; their traces are not read yet."""
    digest = Agent(source=candidate.source).digest
    for trial in trials:
        is_same = trial.key.agent == digest
        on = trial.version.on if trial.key.purpose is Purpose.SEARCH else ()
        if trial.counts and (is_same or (candidate.step in on and candidate.step)):
            alone = is_same or on == (candidate.step,)
            yield SeenTrial(result=trial, track=UNREAD, alone=alone)


def _notice(found: CandidateAudit) -> str:
    if found.verdict is Integrity.CLEAN:
        return ""
    worst = found.findings[0]
    return (
        f"The audit calls the kept edit of step {found.step} {found.verdict.value}: {worst.rule},"
        f" {worst.where}: {worst.evidence} See autoloop audit --step {found.step}."
    )
