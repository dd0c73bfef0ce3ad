"""One run of a tool in a folder, ours or the original's, and what it did: exit status and files."""

import contextlib
import importlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 60
HERE = '@HERE@'  # In arguments: the folder of the run, which is absolute.


@dataclass
class Outcome:
    """What a run did. status None: no answer in time. made: new or changed files. gone: input files that are no longer there."""

    status: int | None
    made: dict = field(default_factory=dict)
    gone: list = field(default_factory=list)
    stdout: bytes = b''
    said: str = ''


def write_files(folder, files):
    folder.mkdir(parents=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(data)


def read_changes(folder, files):
    """The files of FOLDER that are not as in FILES, and the names of FILES that are missing."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = pathlib.Path(base, name)
            found[str(path.relative_to(folder))] = path.read_bytes()
    made = {name: data for name, data in found.items() if files.get(name) != data}
    return made, [name for name, data in files.items() if data is not None and name not in found]


@contextlib.contextmanager
def made_folder(folder, files):
    """FOLDER with FILES, for one run."""
    write_files(folder, files)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Process:
    """Ours: COMMAND as a process per run."""

    def __init__(self, command):
        self.command = command

    def run(self, folder, files, arguments):
        environment = dict(os.environ, LC_ALL='C.UTF-8')
        words = [word.replace(HERE, str(folder)) for word in arguments]
        with made_folder(folder, files):
            try:
                ended = subprocess.run(
                    [*self.command, *words],
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=TIMEOUT_SECONDS,
                )
            except subprocess.TimeoutExpired:
                return Outcome(None)
            said = ended.stdout.decode(errors='replace') + ended.stderr.decode(errors='replace')
            return Outcome(ended.returncode, *read_changes(folder, files), ended.stdout, said)


class Module:
    """The original: its module, imported once, its main() called per run. Not for two threads: it changes the current folder."""

    def __init__(self, name):
        self.module = importlib.import_module(name)

    def run(self, folder, files, arguments):
        said = io.StringIO()
        words = [word.replace(HERE, str(folder)) for word in arguments]
        with made_folder(folder, files):
            status = self.call_in(folder, words, said)
            return Outcome(status, *read_changes(folder, files), b'', said.getvalue())

    def call_in(self, folder, words, said):
        before = os.getcwd(), sys.argv
        try:
            os.chdir(folder)
            sys.argv = ['nvs_partition_gen.py', *words]
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                return call(self.module.main)
        finally:
            os.chdir(before[0])
            sys.argv = before[1]


def call(main):
    """The exit status that a Python process has when main() is all that it does."""
    try:
        main()
    except SystemExit as stop:
        if stop.code is None:
            return 0
        if isinstance(stop.code, int):
            return stop.code & 0xFF
        print(stop.code)
        return 1
    except Exception as error:  # A traceback and exit status 1.
        print(f'{type(error).__name__}: {error}')
        return 1
    return 0
