"""A headless Chromium, Debian's, that is driven by the programs of tests/clients/browser."""

import shutil

from harness import PATIENCE, ROOT
from processes import BUILD, lay, run

NEEDS = ["node", "npm", "chromium-headless-shell"]


def build(log):
    """Installs what the programs need."""
    place = lay(BUILD / "drive", ROOT / "tests/clients/browser")
    run(["npm", "ci", "--silent", "--prefix", place], log)
    return place


def drive(program, log, **environment):
    """What the program says, which ends with an error where it does not see what it should."""
    return run(["node", BUILD / "drive" / program], log, CHROMIUM=shutil.which("chromium-headless-shell"),
               LIMIT_MS=str(int(20_000 * PATIENCE)), **environment).strip()
