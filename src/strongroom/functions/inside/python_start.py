"""Starts the runtime interface client for Python in a sandbox: ``python_start.py HANDLER``.

Own code first, then layers, then the runtime's: a function may bring another boto3 than ours.
"""

import os
import sys


def main() -> None:
    """Run the client until the sandbox ends."""
    task = os.environ["LAMBDA_TASK_ROOT"]
    layers = os.environ.get("_STRONGROOM_LAYERS", "/opt")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    runtime = os.environ["LAMBDA_RUNTIME_DIR"]
    chosen = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path and path != runtime]
    own = [*chosen, task, f"{layers}/python/lib/{version}/site-packages", f"{layers}/python", runtime]
    # The directory of this file and those of the machine's packages are nobody's business.
    kept = [path for path in sys.path[1:] if "site-packages" not in path and "dist-packages" not in path]
    sys.path[:] = [*own, *(path for path in kept if path not in own)]
    from awslambdaric.__main__ import main as run  # type: ignore[import-not-found]  # in the sandbox only

    run([runtime, sys.argv[1]])


if __name__ == "__main__":
    main()
