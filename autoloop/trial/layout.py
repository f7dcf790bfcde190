"""Writes a trial's folder in Harbor's own job layout, so that Harbor's viewer opens it.

The layout and the field names are those of Harbor 0.24 (`models/trial/result.py`,
`models/job/result.py`). One job folder holds the trials of one step of a run.
"""

import json
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from autoloop.records import (
    Failure,
    JsonValue,
    Outcome,
    Span,
    StepResult,
    Task,
    TrialRequest,
    TrialResult,
)
from autoloop.trial.plan import make_parts

AGENT_VERSION = "0.1.0"


def job_name(request: TrialRequest) -> str:
    """Folder of the job that a trial belongs to."""
    if request.purpose == "search":
        return f"step-{request.step:03d}"
    return f"step-{request.step:03d}-spot" if request.purpose == "spot" else str(request.purpose)


def write_json(path: Path, document: Mapping[str, JsonValue]) -> None:
    """Write a JSON file as a whole: a reader sees the old or the new one, never a part."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    part.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


class JobFolders:
    """Keeps the job-level files of all jobs of a run true while trials end. Thread-safe."""

    def __init__(self, root: Path, *, model: str) -> None:
        """`root` is the run's `jobs/` folder."""
        self.root = root
        self.model = model
        self._trials: dict[str, dict[str, _Summary]] = {}
        self._lock = threading.Lock()

    def trial_folder(self, request: TrialRequest, name: str) -> Path:
        """Make the folder of a new trial, with what is known before it starts."""
        folder = self.root / job_name(request) / name
        folder.mkdir(parents=True)
        if not request.task.is_multi_step:
            make_parts(folder)
        write_json(folder / "config.json", _config(request, name, folder.parent, self.model))
        return folder

    def finish(self, request: TrialRequest, result: TrialResult, folder: Path) -> None:
        """Write the trial's result and bring its job's summary up to date."""
        document = _result(request, result, folder, self.model)
        write_json(folder / "result.json", document)
        if result.failure is not None:
            text = f"{result.failure.kind}: {result.failure.message}\n"
            (folder / "exception.txt").write_text(text, encoding="utf-8")
        job = folder.parent
        with self._lock:
            known = self._trials.setdefault(job.name, {})
            if not known:
                known.update(_existing(job))
            known[result.id] = _summary(document)
            write_json(job / "config.json", _job_config(job, request, self.model))
            write_json(job / "result.json", _job_result(job, known, result.span))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    """What a job's summary needs of one trial."""

    evaluation: str
    """Name of agent and model, as Harbor writes them."""
    counts: bool
    rewards: Mapping[str, float]
    problem: str | None


def _existing(job: Path) -> dict[str, "_Summary"]:
    """Trials of earlier sessions; a file that a power cut left damaged only misses here."""
    documents = (_document(path) for path in job.glob("*/result.json"))
    return {d["trial_name"]: _summary(d) for d in documents if d is not None}


def _document(path: Path) -> dict[str, Any] | None:  # a trial's result.json
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _summary(document: Mapping[str, Any]) -> "_Summary":  # a trial's result.json
    info = document["agent_info"]
    model = [info["model_info"]["name"]] if info["model_info"] else []
    return _Summary(
        evaluation="__".join([info["name"], *model, "adhoc"]),
        counts=document["agent_result"]["metadata"]["outcome"] != Outcome.INVALID,
        rewards=(document["verifier_result"] or {}).get("rewards") or {},
        problem=(document["exception_info"] or {}).get("exception_type"),
    )


def _agent(request: TrialRequest, model: str) -> dict[str, JsonValue]:
    if request.agent.kind != "python":
        return {"name": request.agent.kind}
    return {"import_path": "autoloop.harbor:Agent", "model_name": model}


def _config(request: TrialRequest, name: str, job: Path, model: str) -> dict[str, JsonValue]:
    return {
        "task": {"path": str(request.task.folder)},
        "trial_name": name,
        "trials_dir": str(job),
        "agent": _agent(request, model),
        "environment": {"type": "docker"},
    }


def _job_config(job: Path, request: TrialRequest, model: str) -> dict[str, JsonValue]:
    return {"job_name": job.name, "jobs_dir": str(job.parent), "agents": [_agent(request, model)]}


def agent_name(request: TrialRequest) -> str:
    """Name of the agent in Harbor's files."""
    kind = request.agent.kind
    return f"agent-{request.agent.digest[:8]}" if kind == "python" else kind


def _result(
    request: TrialRequest, result: TrialResult, folder: Path, model: str
) -> dict[str, JsonValue]:
    usage = result.usage
    python = request.agent.kind == "python"
    provider, slash, rest = model.partition("/")
    info = {"name": rest, "provider": provider} if slash else {"name": model, "provider": None}
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(folder))),
        "task_name": request.task.name,
        "trial_name": result.id,
        "trial_uri": folder.absolute().as_uri(),
        "task_id": {"path": str(request.task.folder)},
        "task_checksum": request.task.digest.removeprefix("sha256:"),
        "config": _config(request, result.id, folder.parent, model),
        "agent_info": {
            "name": agent_name(request),
            "version": AGENT_VERSION,
            "model_info": info if python else None,
        },
        "agent_result": {
            "n_input_tokens": usage.prompt_tokens,
            "n_cache_tokens": usage.cached_tokens,
            "n_output_tokens": usage.completion_tokens,
            "cost_usd": usage.cost_usd,
            "metadata": _metadata(result),
        },
        "verifier_result": _verifier_result(result.rewards),
        "verifier_environment_mode": _verifier_mode(request.task),
        "exception_info": _exception(result.failure, result.span.finished_at),
        **_times(result.span),
        **{phase: _times(span) for phase, span in result.phases.items()},
        "step_results": [_step(step, result.span) for step in result.steps] or None,
    }


def _metadata(result: TrialResult) -> dict[str, JsonValue]:
    """What Harbor's own fields have no place for."""
    return {
        "outcome": str(result.outcome),
        "reward": result.reward,
        "integrity": str(result.integrity),
        "verification": result.verification or None,
        "findings": [
            {"rule": f.rule, "severity": f.severity, "evidence": f.evidence}
            for f in result.findings
        ],
    }


def _step(step: StepResult, trial: Span) -> dict[str, JsonValue]:
    ended_at = max((span.finished_at for span in step.phases.values()), default=trial.finished_at)
    return {
        "step_name": step.name,
        "agent_result": None,
        "verifier_result": _verifier_result(step.rewards),
        "exception_info": _exception(step.failure, ended_at),
        **{phase: _times(span) for phase, span in step.phases.items()},
    }


def _verifier_result(rewards: Mapping[str, float]) -> JsonValue:
    return {"rewards": dict(rewards)} if rewards else None


def _verifier_mode(task: Task) -> str | None:
    """Where the tests ran; Harbor does not say it for tasks of several steps."""
    if task.is_multi_step:
        return None
    return "shared" if task.steps[0].verifier.environment is None else "separate"


def _times(span: Span) -> dict[str, JsonValue]:
    return {"started_at": _utc(span.started_at), "finished_at": _utc(span.finished_at)}


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _exception(failure: Failure | None, at: datetime) -> JsonValue:
    if failure is None:
        return None
    return {
        "exception_type": failure.kind,
        "exception_message": failure.message,
        "exception_traceback": "",
        "occurred_at": _utc(at),
    }


def _job_result(job: Path, trials: Mapping[str, _Summary], last: Span) -> dict[str, JsonValue]:
    names = sorted({trial.evaluation for trial in trials.values()})
    evals = {
        name: _eval([(n, trial) for n, trial in trials.items() if trial.evaluation == name])
        for name in names
    }
    moment = last.finished_at.astimezone().replace(tzinfo=None).isoformat()  # local, as Harbor does
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(job))),
        "started_at": moment,
        "updated_at": moment,
        "finished_at": moment,
        "n_total_trials": len(trials),
        "stats": {
            "n_completed_trials": len(trials),
            "n_errored_trials": sum(trial.problem is not None for trial in trials.values()),
            "evals": evals,
        },
    }


def _eval(own: Sequence[tuple[str, _Summary]]) -> dict[str, JsonValue]:
    rewards: dict[str, dict[str, list[str]]] = {}
    problems: dict[str, list[str]] = {}
    for name, trial in own:
        for key, value in trial.rewards.items():
            rewards.setdefault(key, {}).setdefault(f"{value}", []).append(name)
        if trial.problem is not None:
            problems.setdefault(trial.problem, []).append(name)
    return {
        "n_trials": sum(bool(trial.rewards) for _name, trial in own),
        "n_errors": sum(map(len, problems.values())),
        "metrics": _means([trial.rewards for _name, trial in own if trial.counts]),
        "reward_stats": rewards,
        "exception_stats": problems,
    }


def _means(rewards: Sequence[Mapping[str, float]]) -> list[JsonValue]:
    """The metric that Harbor's viewer shows; a trial that counts without a reward is a 0."""
    keys = sorted({key for entry in rewards for key in entry})
    means = {key: sum(entry.get(key, 0.0) for entry in rewards) / len(rewards) for key in keys}
    return [{"mean": next(iter(means.values()))} if len(means) == 1 else means] if means else []
