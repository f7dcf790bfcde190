"""program.md: where settings and directive come from, and what a person is told of mistakes."""

from pathlib import Path

import pytest

from autoloop.errors import SettingsError
from autoloop.records import TrialRules
from autoloop.settings import Program, Settings, override, read_program

ALL = """\
models: {task: openai/gpt-5, meta: offline, meta_effort: high, api_base: {openai: 'http://a/v1'},
  prices: {openai/ours: {input: 1, output: 2.5, cached: 0.1, written: 2}}, prompts: words}
meta: {turns: 9, tokens: 1_000, share: 0.5, spot_checks: 0, alternatives: 0, plateau: 6,
  context_tokens: 32_000}
splits: {train: ['csv/*'], validation: ['json/*', logs/one], holdout: 0.5, seed: 3}
budget: {hours: 1.5, usd: 50, tokens: 1_000, trials: 7, steps: 2}
trial: {calls: null, tokens: 5, usd: 0.5, timeout_s: 60, disk_mb: 99, files: 9}
final: {attempts: 1}
holdout: {looks: 2, attempts: 3, answers: ladder}
workers: 4
strategy: race
rule: passed
seed: 9
tasks: skip
tasks_folder: evals
reward: accuracy
objective: {second: cost, margin: 0.05}
simplify: false
services: keep
verification: shared
system_paths: [/usr, '*/site-packages']
harbor_quirks: true
feedback: full
guards: {judge: openai/gpt-5, reviewer: block, reviewer_model: openai/gpt-5, variants: 9}
reuse: false
timeouts: {multiplier: 2, agent_multiplier: 3, verifier_multiplier: 0.5, build_multiplier: 4,
  max_agent_s: 60, max_verifier_s: 30.5, max_build_s: 90}
agent_folder: sandboxes/agent-harbor
engine: harbor
environment: daytona
environment_options: {region: eu, tags: [a, b], snapshots: true}
min_free_gb: 0.5
"""
WRONG = {
    "models: {task: 3}": "'models.task' is 3: write a model's name",
    "models: {meta: ''}": "'models.meta' is '': write a model's name",
    "models: {meta_effort: some}": "'models.meta_effort' is 'some': write low, medium",
    "models: {api_base: here}": "'models.api_base' is 'here': write addresses as",
    "models: {prices: {a/b: {input: x, output: 1}}}": "'models.prices.a/b.input' is 'x': write US",
    "models: {prices: {a/b: {input: -1, output: 1}}}": "'models.prices.a/b.input' is -1: write",
    "models: {prices: {a/b: {inputs: 1}}}": "'models.prices.a/b.inputs' is not known \\(did you",
    "models: {prices: {a/b: 3}}": "'models.prices.a/b' is 3: write its settings as",
    "models: {prices: 3}": "'models.prices' is 3: write 'provider/model",
    "models: {meta: 3}": "'models.meta' is 3: write a model's name .* or {preset: codex}",
    "models: {meta: {}}": "'models.meta' cannot work: it names no program: write a preset, or",
    "models: {meta: {preset: vim}}": "'models.meta.preset' is 'vim': write claude-code, codex",
    "models: {meta: {command: ls}}": "'models.meta.command' is 'ls': write a list of words",
    "models: {meta: {preset: codex, minutes: 0}}": "'models.meta.minutes' is 0: write a number of",
    "models: {meta: {preset: codex, spot_checks: -1}}": "'models.meta.spot_checks' is -1: write",
    "models: {meta: {preset: codex, budget: 3}}": "'models.meta.budget' is not known",
    "models: {prompts: ''}": "'models.prompts' is '': write a folder in the project, or null",
    "meta: {turns: 0}": "'meta.turns' is 0: write a whole number of at least 1",
    "meta: {share: 0}": "'meta.share' is 0: write a number above 0 and at most 1",
    "meta: {share: 1.5}": "'meta.share' is 1.5: write a number above 0 and at most 1",
    "meta: {alternatives: -1}": "'meta.alternatives' is -1: write a whole number of at least 0",
    "meta: {plateau: null}": "'meta.plateau' is None: write a whole number of at least 1",
    "meta: {context_tokens: 0}": "'meta.context_tokens' is 0: write a whole number of at least 1",
    "splits: {train: 1.5}": "'splits.train' is 1.5: write a share above 0, at most 1, or a list",
    "splits: {train: 0}": "'splits.train' is 0: write a share above 0, at most 1, or a list",
    "splits: {validation: x}": "'splits.validation' is 'x': write a share",
    "splits: {holdout: []}": "'splits.holdout' is \\[\\]: write a share",
    "splits: {train: [1]}": "'splits.train' is \\[1\\]: write a share",
    "splits: {seed: x}": "'splits.seed' is 'x': write a whole number",
    "splits: {train: 0.9}": "'splits' cannot work: .* must add up to 1, not 1.4",
    "budget: {hours: 0}": "'budget.hours' is 0: write a number above 0, or null",
    "budget: {hours: .inf}": "'budget.hours' is inf: write a number above 0",
    "budget: {usd: many}": "'budget.usd' is 'many': write a number above 0",
    "budget: {tokens: 1.5}": "'budget.tokens' is 1.5: write a whole number of at least 1",
    "budget: {trials: -1}": "'budget.trials' is -1: write a whole number of at least 1",
    "budget: {steps: true}": "'budget.steps' is True: write a whole number of at least 1",
    "trial: {calls: 0}": "'trial.calls' is 0: write a whole number of at least 1, or null",
    "trial: {tokens: x}": "'trial.tokens' is 'x': write a whole number",
    "trial: {usd: -1}": "'trial.usd' is -1: write a number above 0",
    "trial: {timeout_s: null}": "'trial.timeout_s' is None: write a number of seconds above 0",
    "final: {attempts: 0}": "'final.attempts' is 0: write a whole number of at least 1",
    "holdout: {looks: -1}": "'holdout.looks' is -1: write a whole number of at least 0",
    "holdout: {attempts: 0}": "'holdout.attempts' is 0: write a whole number of at least 1",
    "holdout: {answers: all}": "'holdout.answers' is 'all': write thresholdout or ladder",
    "workers: many": "'workers' is 'many': write auto, or a whole number of at least 1",
    "workers: yes": "'workers' is True: write auto, or a whole number",
    "rule: best": "'rule' is 'best': write bayes, paired or passed",
    "seed: 1.5": "'seed' is 1.5: write a whole number",
    "tasks: ''": "'tasks' is '': write auto, strict or skip",
    "tasks: evals": "'tasks' is 'evals': write auto, strict or skip; 'tasks_folder' is what names",
    "tasks_folder: ''": "'tasks_folder' is '': write a folder in the project, or another source",
    "reward: 1": "'reward' is 1: write auto, mean, or a key",
    "objective: {second: money}": "'objective.second' is 'money': write none, cost or time",
    "objective: {margin: 0}": "'objective.margin' is 0: write a number above 0 and below 1",
    "objective: {margin: 1}": "'objective.margin' is 1: write a number above 0 and below 1",
    "objective: cost": "'objective' is 'cost': write its settings as",
    "guards: {judge: offline}": "'guards.judge' is 'offline': write a model's name such as",
    "simplify: 1": "'simplify' is 1: write true or false",
    "verification: new": "'verification' is 'new': write fresh or shared",
    "system_paths: /usr": "'system_paths' is '/usr': write a list of paths such as",
    "feedback: all": "'feedback' is 'all': write score, checks or full",
    "guards: {reviewer: yes}": "'guards.reviewer' is True: write advise, block or off",
    "guards: {reviewer_model: ''}": "'guards.reviewer_model' is '': write a model's name",
    "guards: {variants: 0}": "'guards.variants' is 0: write a whole number of at least 1",
    "harbor_quirks: 1": "'harbor_quirks' is 1: write true or false",
    "harbor_quirks: maybe": "'harbor_quirks' is 'maybe': write true or false",
    "timeouts: {multiplier: 0}": "'timeouts.multiplier' is 0: write a number above 0 such as 2.5",
    "timeouts: {multiplier: true}": "'timeouts.multiplier' is True: write a number above 0",
    "timeouts: {agent_multiplier: x}": "'timeouts.agent_multiplier' is 'x': write a number above 0",
    "timeouts: {max_agent_s: -1}": "'timeouts.max_agent_s' is -1: write a number of seconds above",
    "timeouts: 2": "'timeouts' is 2: write its settings as 'key: value' lines below it",
    "timeouts: {max_agent: 2}": "'timeouts.max_agent' is not known \\(did you mean 'max_agent",
    "agent_folder: ''": "'agent_folder' is '': write a folder in the project that has",
    "engine: podman": "'engine' is 'podman': write docker or harbor",
    "environment: ''": "'environment' is '': write a Harbor environment such as daytona",
    "environment_options: x": "'environment_options' is 'x': write its options as",
    "min_free_gb: 0": "'min_free_gb' is 0: write a number above 0, or null",
    "budget: 24": "'budget' is 24: write its settings as 'key: value' lines below it",
    "models:": "'models' is None: write its settings",
    "budgte: {hours: 3}": "'budgte' is not known \\(did you mean 'budget'\\)",
    "models: {tsk: auto}": "'models.tsk' is not known \\(did you mean 'task'\\)",
    "hours: 3": "'hours' is not known \\(did you mean 'hours' below 'budget'\\)",
    "paint: red": "'paint' is not known \\(known keys: models, meta, splits",
    "3: x": "'3' is not known",
}


def read(folder: Path, front: str, **overrides: object) -> Program:
    file = folder / "program.md"
    file.write_text(f"---\n{front}\n---\nBecome better.\n", encoding="utf-8")
    return read_program(file, {name.replace("__", "."): v for name, v in overrides.items()})


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    settings = read(tmp_path, ALL).settings

    said = settings.model_dump()
    assert settings.model_dump(exclude_defaults=True) == said
    assert said["splits"]["validation"] == ("json/*", "logs/one")
    assert said["budget"] == {"hours": 1.5, "usd": 50, "tokens": 1000, "trials": 7, "steps": 2}


def test_what_belongs_to_trials_becomes_their_rules(tmp_path: Path) -> None:
    rules = read(tmp_path, ALL).settings.rules()

    assert (rules.reward, rules.default_timeout_s, rules.harbor_quirks) == ("accuracy", 60, True)
    assert rules.timeouts.agent_s(100) == 180
    assert rules.timeouts.build_s(30) == 120
    assert Settings().rules() == TrialRules()


@pytest.mark.parametrize(("front", "message"), WRONG.items())
def test_a_mistake_is_named_with_file_key_and_what_to_write(
    tmp_path: Path, front: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=rf"program\.md: key {message}"):
        read(tmp_path, front)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "workers: 0\nseed: x\nrule: best")

    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("text", ["", "---\n---\n", "---\n# nothing\n---\n\n"])
def test_defaults_hold_where_nothing_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "program.md").write_text(text)

    program = read_program(tmp_path / "program.md")

    assert program.settings == Settings()
    assert program.directive.startswith("Make the agent better")


def test_a_project_without_program_md_has_all_defaults(tmp_path: Path) -> None:
    assert read_program(tmp_path / "program.md").settings == Settings()


def test_the_text_below_the_front_matter_is_the_directive(tmp_path: Path) -> None:
    assert read(tmp_path, "seed: 1").directive == "Become better."


def test_a_file_without_front_matter_is_all_directive(tmp_path: Path) -> None:
    (tmp_path / "program.md").write_text("Be kind.\n\n---\n\nAnd brief.\n")

    assert read_program(tmp_path / "program.md").directive == "Be kind.\n\n---\n\nAnd brief."


def test_front_matter_without_an_end_says_how_to_close_it(tmp_path: Path) -> None:
    (tmp_path / "program.md").write_text("---\nseed: 1\n\nBe kind.\n")

    with pytest.raises(SettingsError, match=r"line 1 has no end. Close it with a line of '---'"):
        read_program(tmp_path / "program.md")


def test_invalid_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"program\.md, line 3: .* not valid YAML"):
        read(tmp_path, "seed: 1\nbudget: hours: 3")


def test_front_matter_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"not settings\. Write 'key: value' lines"):
        read(tmp_path, "- seed")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "program.md").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsError, match="Make it a UTF-8 text file"):
        read_program(tmp_path / "program.md")


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    program = read(tmp_path, ALL, budget__hours=2, workers=1, trial__calls=3)

    assert program.settings.budget.hours == 2
    assert program.settings.budget.usd == 50
    assert (program.settings.workers, program.settings.trial.calls) == (1, 3)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("budget__hours", -1, "'hours', given on the command line or in the call, is -1: write"),
        ("workers", 0, "'workers', given on the command line or in the call, is 0: write auto"),
        ("trial__calls", 0, "'trial.calls', given on the command line or in the call, is 0"),
        ("houres", 1, "is not known \\(did you mean 'hours' below 'budget'\\)"),
    ],
)
def test_a_wrong_override_is_not_blamed_on_the_file(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        read(tmp_path, "seed: 1", **{key: value})

    assert "program.md" not in str(caught.value)


def test_an_override_mends_a_wrong_value_of_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "workers: 0", workers=2).settings.workers == 2


def test_recorded_settings_are_overridden_likewise(tmp_path: Path) -> None:
    recorded = read(tmp_path, ALL).settings.model_dump_json()

    settings = override(recorded, {"budget.steps": 9})

    assert (settings.budget.steps, settings.budget.trials) == (9, 7)
    with pytest.raises(SettingsError, match="'steps', given on the command line"):
        override(recorded, {"budget.steps": 0})


def test_recorded_settings_keep_how_trials_count(tmp_path: Path) -> None:
    settings = read(tmp_path, ALL).settings

    assert override(settings.model_dump_json(), {}) == settings
    assert override(settings.model_dump_json(), {}).rules() == settings.rules()
