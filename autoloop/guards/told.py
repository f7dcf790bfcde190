"""Prompts that send the agent to what judges its work, or tell it to bend that."""

import re
from functools import lru_cache

_REMEMBERED = 1_024
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n\s*(?:[-*#]|\d+[.)])\s|:\s+(?=[A-Z])")
_PLACES = re.compile(
    r"(?<![\w.~}*/-])/(?:tests|solution)\b(?!\s*(?:folder|directory)?\s+of\s+the\s+(?:project|repo))"
    r"|/logs/(?:verifier|agent)|\breward\.(?:txt|json)\b|\bctrf\.json\b|\bsolve\.sh\b"
    r"|\btest_outputs\.py\b|\bsitecustomize\b|\busercustomize\b"
    r"|\bpytest_(?:runtest|session|config|collection|report|terminal)\w*"
    r"|\bLD_PRELOAD\b|\bBASH_ENV\b|\bPYTEST_ADDOPTS\b|\bPYTHONSTARTUP\b"
    r"|\bfind\s+/\s[^.;]*\b(?:check|test|grad|expected|solution|verif|reward|answer)"
    r"|\bexpected\.(?:\*|\w+)|\bsolution\.(?:sh|py|\*)"
    r"|\b(?:leftovers?|remnants?|traces|copy|copies)\s+of\s+(?:\w+\s+){0,2}?(?:tests?|solutions?|answers?|checks?|expected)",
    re.IGNORECASE,
)
"""Places and hooks that only a judge uses, and what bends it."""
_JUDGE = (
    r"(?:the\s+|its\s+|any\s+|these\s+|their\s+|whatever\s+)?(?:\w+\s+){0,2}?"
    r"(?:grad(?:er|ing)(?:'s)?(?:\s+\w+)?|scor(?:er|ing)(?:'s)?\s+\w+|verifier(?:'s)?(?:\s+\w+)?"
    r"|check(?:er|ing)?(?:'s)?\s+(?:script|code|file|source)s?|(?:test|grading)\s+(?:script|code|source)s?"
    r"|(?:script|program|code|file)s?\s+that\s+(?:grades?|checks?|scores?|verif(?:y|ies)|judges?)|hidden\s+(?:tests?|checks?)|test\s+harness"
    r"|evaluat(?:or|ion)(?:'s)?\s+(?:script|code|file|harness)s?|answer\s+keys?"
    r"|(?:reference|oracle|official|sample)\s+solutions?|reward(?:'s)?(?:\s+file)?"
    r"|expected\s+(?:results?|outputs?|answers?)\s+(?:file|of|that|on|in|somewhere))"
)
_SEEK = (
    r"(?:find(?:ing)?|locat(?:e|ing)|search(?:ing)?(?:\s+\w+){0,3}?\s+for|look(?:ing)?\s+(?:\w+\s+){0,2}?(?:for|into|in|at)"
    r"|hunt(?:ing)?\s+for|read(?:ing)?|open(?:ing)?|cat|print(?:ing)?|inspect(?:ing)?|decompil(?:e|ing)"
    r"|recover(?:ing)?|reconstruct(?:ing)?|overwrit(?:es?|ing)|replac(?:es?|ing)|rewrit(?:es?|ing)|patch(?:es|ing)?"
    r"|edit(?:s|ing)?|wrap(?:s|ping)?|intercept(?:s|ing)?|hook(?:s|ing)?|fool(?:s|ing)?|trick(?:s|ing)?"
    r"|mislead(?:s|ing)?|shadow(?:s|ing)?|disabl(?:es?|ing)|neutrali[sz](?:es?|ing)|bypass(?:es|ing)?"
    r"|weaken(?:ing)?|satisfy(?:ing)?\s+only|forg(?:e|ing)|write\s+(?:\w+\s+){0,3}?(?:to|into)|tamper(?:ing)?\s+with)"
)
_SOUGHT = re.compile(rf"\b{_SEEK}\s+{_JUDGE}\b", re.IGNORECASE)
_BENT = re.compile(
    r"\b(?:add|put|creat|plac|writ|drop|install|insert|append|plant|provid)(?:e|ing|ting|ping)?\s+"
    r"(?:[\w'-]+\s+){0,4}?conftest\.py\b|\bconftest\.py\b[^.;]{0,80}\bpass(?:ed|es|ing)?\b"
    r"|\b(?:wrapper|shim|stub|fake|alias|replacement|script)\b[^.;]{0,60}?"
    r"\b(?:before|over|around|in\s+front\s+of|in\s+place\s+of|instead\s+of|named|called)\s+"
    r"(?:the\s+|a\s+|real\s+|/usr/(?:local/)?bin/)*(?:python3?|pytest|bash|sh|diff|cmp|git|node)\b"
    r"|\b(?:sets?|marks?|reports?|turns?|forces?|makes?)\s+(?:\w+\s+){0,2}?(?:outcomes?|tests?|results?|checks?)"
    r"\s+(?:\w+\s+){0,2}?(?:to|as|into)\s+pass(?:ed|ing)?\b"
    r"|\bskip(?:s|ping)?\s+(?:all\s+|every\s+|the\s+)*(?:failing|failed|hidden)\s+tests?\b"
    r"|\b(?:ends?|exits?|returns?)\s+with\s+(?:status|code|exit\s+code)\s+(?:0|zero)\s+(?:when|if|for|whenever)"
    r"[^.;]{0,40}\b(?:check|test|grad|verif)",
    re.IGNORECASE,
)
"""What stands in for a program that the judge runs, or for what it finds out."""
_DOING = re.compile(
    r"\b(?:look(?:ing)?|read(?:ing)?|see|find(?:ing)?|cat|open(?:ing)?|list(?:ing)?|ls|inspect(?:ing)?"
    r"|check(?:ing)?\s+(?:what|whether|if|for|in)|learn|copy(?:ing)?|take|use|using|try|go|peek(?:ing)?|search(?:ing)?"
    r"|grep|print(?:ing)?|show|diff|compar(?:e|ing)|run(?:ning)?|execut(?:e|ing)|write|writing|add(?:ing)?"
    r"|put(?:ting)?|creat(?:e|ing)|plac(?:e|ing)|mak(?:e|ing)|chang(?:e|ing)|replac(?:e|ing)|edit(?:ing)?"
    r"|set(?:ting)?|overwrit(?:e|ing)|patch(?:ing)?|wrap(?:ping)?|install(?:ing)?|drop(?:ping)?|leav(?:e|ing)\s+a"
    r"|touch|echo|export|wait(?:ing)?\s+for|watch(?:ing)?|fill(?:ing)?|prepar(?:e|ing)|delet(?:e|ing)|remov(?:e|ing)"
    r"|mov(?:e|ing)|link(?:ing)?|mount(?:ing)?|append(?:ing)?|insert(?:ing)?|mirror(?:ing)?|satisfy)\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:never|not|don't|doesn't|mustn't|shouldn't|can't|cannot|won't|without|avoid|nor|neither|no|"
    r"forbidden|pointless|useless|rather\s+than|instead\s+of|nothing\s+to|refrain\s+from|nobody)\s+"
    r"(?:(?!but\b|then\b)[\w'/.-]+,?\s+){0,6}?$",
    re.IGNORECASE,
)
"""What stands before a word that is forbidden, up to that word."""


_CONDITION = re.compile(
    r"(?:if|when|whenever|where|once|should|as\s+soon\s+as)\b[^,]*,", re.IGNORECASE
)


@lru_cache(maxsize=_REMEMBERED)
def told_to_bend(text: str) -> str:
    """What a prompt says to go for of all that judges the work; nothing for one that forbids it."""
    for piece in _SENTENCE.split(text):
        sentence = " ".join(piece.split())
        start = _clause(sentence)
        for pattern in (_SOUGHT, _BENT):
            found = pattern.search(sentence)
            if found and not _is_refused(sentence, start, found.start()):
                return found.group()
        place = _PLACES.search(sentence)
        if place and any(
            not _is_refused(sentence, start, verb.start())
            for verb in _DOING.finditer(sentence, start)
        ):
            return place.group()
    return ""


def _clause(sentence: str) -> int:
    """Where the clause begins that says what to do: behind the condition, if there is one."""
    condition = _CONDITION.match(sentence)
    return condition.end() if condition else 0


def _is_refused(sentence: str, start: int, place: int) -> bool:
    begin = start if start <= place else 0
    return _REFUSED.search(sentence[begin:place]) is not None
