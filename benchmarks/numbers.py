"""Numbers and words on rendered sheets: what stock PaddleOCR, `compat` and our engine read exactly.

    python benchmarks/numbers.py                                  # everything: half an hour on one core
    python benchmarks/numbers.py --items 600 --list-wrong         # a look: minutes
    python benchmarks/numbers.py --systems fast,stock --fast one: --fast two:rec_squeeze=1 --cache FOLDER

The work is done in rendered_numbers/, whose command.py has the options.
"""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from sysconfig import get_path


def give_the_standard_library_its_name() -> None:
    """Python looks into a script's own folder first: what the scripts beside this one, and the libraries that
    they load, want as `numbers` is not this file but the standard library's."""
    spec = util.spec_from_file_location("numbers", Path(get_path("stdlib")) / "numbers.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules["numbers"] = util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["numbers"])


if __name__ == "numbers":
    give_the_standard_library_its_name()

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

    from benchmarks.rendered_numbers.command import main

    main(__doc__)
