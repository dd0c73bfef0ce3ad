"""The private environment of the originals: build/counterparts/venv with exactly what requirements.txt names.

It is made once and used again as long as requirements.txt and the Python that made it stay the same. No registry is named
here: pip uses the one that this machine is set up with.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / 'build' / 'counterparts'
VENV = BUILD / 'venv'
PYTHON = VENV / 'bin' / 'python'
REQUIREMENTS = pathlib.Path(__file__).resolve().parent / 'requirements.txt'

# What pip prints when it reached no registry, in contrast to one that lacks a version or a package that does not build.
UNREACHABLE = re.compile(
    r'NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|ProxyError|SSLError|'
    r'Connection refused|Network is unreachable|Max retries exceeded|connection broken by'
)


class Unreachable(Exception):
    """No registry answered."""


class Broken(Exception):
    """The environment cannot be made although a registry answered, or none was asked."""


def wanted_stamp():
    return f'{sys.version}\n{REQUIREMENTS.read_text(encoding="utf-8")}'


def is_ready():
    stamp = VENV / 'stamp'
    return PYTHON.exists() and stamp.exists() and stamp.read_text(encoding='utf-8') == wanted_stamp()


def make():
    """Leaves a ready environment, or raises Unreachable or Broken."""
    if is_ready():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    made = subprocess.run([sys.executable, '-m', 'venv', VENV], capture_output=True, text=True)
    if made.returncode != 0:
        raise Broken(f'python3 -m venv failed:\n{made.stdout}{made.stderr}')
    print('counterparts: installing the originals into build/counterparts/venv', flush=True)
    pip = [
        PYTHON,
        '-m',
        'pip',
        '--disable-pip-version-check',
        '--no-input',
        'install',
        '--quiet',
        '--retries',
        '2',
        '--timeout',
        '20',
        '--no-deps',
        '--requirement',
        REQUIREMENTS,
    ]
    installed = subprocess.run(pip, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if installed.returncode != 0:
        said = installed.stdout + installed.stderr
        if UNREACHABLE.search(said):
            raise Unreachable('no package registry answers')
        raise Broken(f'pip failed:\n{said}')
    (VENV / 'stamp').write_text(wanted_stamp(), encoding='utf-8')


@contextlib.contextmanager
def work_folder():
    """A folder for the runs, in memory where there is such a place: thousands of small folders are slow on a disk."""
    memory = '/dev/shm'
    with tempfile.TemporaryDirectory(
        prefix='nvsafe-counterparts-', dir=memory if os.access(memory, os.W_OK) else None
    ) as folder:
        yield pathlib.Path(folder)


def run_inside(script, arguments):
    """Replaces this process by SCRIPT under the environment's Python. Without a registry: says so, and ends with 0, in CI with 1."""
    try:
        make()
    except Unreachable as reason:
        print(f'counterparts: skipped: {reason}')
        sys.exit(1 if os.environ.get('CI') else 0)
    except Broken as reason:
        print(f'error: {reason}', file=sys.stderr)
        sys.exit(1)
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), str(script), *arguments])
