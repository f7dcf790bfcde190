"""Names of steps: each is a folder below `steps/`, usable on every operating system."""

import re
import unicodedata

FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[1-9¹²³])", re.IGNORECASE)
MAX_BYTES = 255


def step_name(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: it cannot be a folder's name everywhere.
    """
    if (
        not name.strip()
        or name.endswith((".", " "))
        or FORBIDDEN.search(name)
        or DEVICE.fullmatch(name.partition(".")[0].rstrip(" "))
        or len(name.encode("utf-8", "replace")) > MAX_BYTES
    ):
        raise ValueError("write the name of a folder below steps/, such as 01-plan")
    return name


def same_folder_key(name: str) -> str:
    """Equal for names that are one folder where case or Unicode form do not count."""
    return unicodedata.normalize("NFC", name).casefold()
