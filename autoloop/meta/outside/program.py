"""Which program takes the meta-agent's place, how it is started, and what it may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from autoloop.meta.wording import Prompts
from autoloop.records import Quota

GRACE_S = 30.0
PROMPT = (
    "Read README.md in this folder and do what it says. Work on your own: nobody answers questions."
    " The work is done when `autoloop-step submit` has said that it was submitted."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideProgram:
    """A program, and its share of each step.

    In words of the command and in values of variables `{prompt}`, `{model}` and `{base}` stand for
    what it is told to do, the model's name, and the address of the gateway in its container.
    """

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts in its home folder, by their paths there: what it can be told in no other way."""
    seconds: float = 3_600.0
    """Then it is asked to end."""
    grace_s: float = GRACE_S
    """Then everything in its container is ended. So long it has after a submission, too."""
    quota: Quota = field(default_factory=lambda: Quota(calls=None, tokens=5_000_000))
    """Of one step."""
    spot_checks: int = 3
    alternatives: int = 2
    """Other edits for the same hypothesis that a submission may carry."""
    prompts: Prompts = field(default_factory=Prompts)
    """What its README.md is made from."""
    prompt: str = PROMPT


_QUIET = {"DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1", "NO_COLOR": "1"}
_CODEX_PROVIDER = (
    'model_providers.autoloop={name="autoloop",base_url="{base}/v1",env_key="OPENAI_API_KEY",'
    'wire_api="responses",request_max_retries=0,stream_max_retries=0,stream_idle_timeout_ms=1800000}'
)
_OPENCODE = (
    '{"autoupdate":false,"share":"disabled","model":"autoloop/{model}",'
    '"small_model":"autoloop/{model}","enabled_providers":["autoloop"],'
    '"permission":{"edit":"allow","bash":"allow","webfetch":"deny"},'
    '"provider":{"autoloop":{"npm":"@ai-sdk/anthropic","name":"autoloop",'
    '"options":{"baseURL":"{base}/v1","apiKey":"unused-inside-the-sandbox","timeout":1800000},'
    '"models":{"{model}":{"name":"{model}","tool_call":true,'
    '"limit":{"context":200000,"output":32000}}}}}}'
)

_GEMINI = (
    '{"security":{"auth":{"selectedType":"gemini-api-key"}},'
    '"general":{"enableAutoUpdate":false},"privacy":{"usageStatisticsEnabled":false}}'
)

PRESETS: Mapping[str, OutsideProgram] = {
    "claude-code": OutsideProgram(
        command=(
            *("claude", "-p", "{prompt}", "--model", "{model}", "--verbose"),
            *("--output-format", "stream-json", "--dangerously-skip-permissions"),
        ),
        env={
            **_QUIET,
            "IS_SANDBOX": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "ANTHROPIC_SMALL_FAST_MODEL": "{model}",
            "API_TIMEOUT_MS": "1800000",
            # Spot checks are trials: they take minutes.
            "BASH_DEFAULT_TIMEOUT_MS": "1800000",
            "BASH_MAX_TIMEOUT_MS": "3600000",
        },
    ),
    "codex": OutsideProgram(
        command=(
            # By a name that it knows it would offer the model tools that are no functions; with two
            # slashes in it, it knows none. The gateway's model is the one there is, by any name.
            *("codex", "exec", "--json", "--skip-git-repo-check", "--model", "autoloop/{model}"),
            "--dangerously-bypass-approvals-and-sandbox",
            *("-c", 'model_provider="autoloop"', "-c", _CODEX_PROVIDER),
            # What the model is offered must be functions; there is nobody to ask and no web.
            *("-c", 'web_search="disabled"', "-c", "features.multi_agent=false", "{prompt}"),
        ),
        env=_QUIET,
    ),
    "gemini-cli": OutsideProgram(
        command=(
            *("gemini", "--prompt", "{prompt}", "--model", "{model}", "--yolo"),
            *("--output-format", "stream-json"),
        ),
        env={**_QUIET, "GEMINI_TELEMETRY_ENABLED": "false", "GEMINI_CLI_TRUST_WORKSPACE": "true"},
        files={".gemini/settings.json": _GEMINI},
    ),
    "opencode": OutsideProgram(
        command=("opencode", "run", "--format", "json", "{prompt}"),
        env={
            **_QUIET,
            "OPENCODE_CONFIG_CONTENT": _OPENCODE,
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        },
    ),
}
"""Programs that are known here, as they are started by default."""


def preset_or(
    preset: str | None, command: tuple[str, ...] | None, *, env: Mapping[str, str]
) -> OutsideProgram:
    """A preset, with another command or more variables; or a command that stands for itself."""
    base = PRESETS[preset] if preset is not None else OutsideProgram(command=())
    return replace(base, command=command or base.command, env={**base.env, **env})
