#!/usr/bin/env python3
"""check_docs: runs the examples of README.md and docs/**/*.md and compares what they print.

A fenced block with the info string `console` holds `$ command` lines, each followed by what it prints, stdout and stderr
together:

    ```console
    $ nvsafe ls nvs.bin --keys keys.bin
    wifi/ssid   string  ...
    $ nvsafe ls nvs.bin    # exit 3
    error: ...
    ```

`...` stands for any text within a line; a line that is only `...` for any number of lines. `# exit N` at the end of a
command says its exit status, 0 if absent. A command that ends with a backslash goes on in the next line. The commands of
one file run in order in one temporary directory that has a copy of examples/; nvsafe of the release build comes first in
PATH. A block `console norun` is counted but not run.

  check_docs.py [--nvsafe FILE] [FILE.md ...]     exit status 1 if an example failed
  check_docs.py --self-test                       proves that wrong examples are found
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 120
FENCE = re.compile(r'^ {0,3}(`{3,}|~{3,})\s*(.*?)\s*$')
EXIT_STATUS = re.compile(r'\s#\s*exit\s+(\d+)\s*$')


@dataclass
class Example:
    """One command of a document, where it stands, and what it must do."""
    line: int
    command: str
    exit_status: int
    runs: bool
    expected: list = field(default_factory=list)


class BadDocument(Exception):
    pass


def find_blocks(text):
    """Yields (line number of its first line, info string, lines) of each fenced block."""
    fence, info, lines, start = None, '', [], 0
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if fence is None:
            if match:
                fence, info, lines, start = match[1], match[2], [], number + 1
        elif match and match[1].startswith(fence) and not match[2]:
            yield start, info, lines
            fence = None
        else:
            lines.append(line)
    if fence is not None:
        raise BadDocument(f'line {start - 1}: this block has no end')


def parse_examples(text):
    examples = []
    for start, info, lines in find_blocks(text):
        words = info.split()
        if not words or words[0] != 'console':
            continue
        if words[1:] not in ([], ['norun']):
            raise BadDocument(f'line {start - 1}: unknown info string "{info}"')
        current, continues = None, False
        for number, line in enumerate(lines, start):
            if continues:
                current.command += '\n' + line
            elif line.startswith('$ '):
                current = Example(number, line[2:], 0, runs=len(words) == 1)
                examples.append(current)
            elif current is None:
                raise BadDocument(f'line {number}: output before the first "$ command"')
            else:
                current.expected.append(line)
            continues = (continues or line.startswith('$ ')) and line.endswith('\\')
    for example in examples:
        match = EXIT_STATUS.search(example.command)
        example.exit_status = int(match[1]) if match else 0
    return examples


def output_matches(expected_lines, output):
    if output and not output.endswith('\n'):
        output += '\n'
    pattern = ''
    for line in expected_lines:
        if line.strip() == '...':
            pattern += r'(?:[^\n]*\n)*?'
        else:
            pattern += r'[^\n]*'.join(re.escape(part) for part in line.split('...')) + r'\n'
    return re.fullmatch(pattern, output) is not None


def run_example(example, folder, environment):
    """Returns '' if the example does what it says, else what was wrong."""
    try:
        done = subprocess.run(['bash', '-c', example.command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return f'did not end within {TIMEOUT_SECONDS} s'
    output = done.stdout.decode('utf-8', 'backslashreplace')
    problems = []
    if done.returncode != example.exit_status:
        problems.append(f'exit status {done.returncode} instead of {example.exit_status}')
    if not output_matches(example.expected, output):
        problems.append('another output than the document says')
    if not problems:
        return ''
    shown = ''.join(f'\n    - {line}' for line in example.expected) + ''.join(f'\n    + {line}' for line in output.splitlines())
    return ' and '.join(problems) + shown


def check_document(path, name, nvsafe):
    """Runs the examples of one document. Returns (passed, failed, not run)."""
    try:
        examples = parse_examples(path.read_text(encoding='utf-8'))
    except BadDocument as bad:
        print(f'{name}: {bad}')
        return 0, 1, 0
    to_run = [example for example in examples if example.runs]
    failed = 0
    with tempfile.TemporaryDirectory(prefix='nvsafe-docs-') as folder:
        if (ROOT / 'examples').is_dir():
            shutil.copytree(ROOT / 'examples', pathlib.Path(folder) / 'examples')
        environment = {'PATH': f'{nvsafe.parent}:{os.environ["PATH"]}', 'HOME': folder, 'LC_ALL': 'C.UTF-8', 'TERM': 'dumb',
                       'TZ': 'UTC'}
        for example in to_run:
            problem = run_example(example, folder, environment)
            if problem:
                failed += 1
                print(f'{name}:{example.line}: $ {example.command}\n  {problem}')
    return len(to_run) - failed, failed, len(examples) - len(to_run)


def self_test(nvsafe):
    """Documents that are right in one way and wrong in others: each must be counted as such."""
    def counts(*lines):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'self_test.md'
            path.write_text('\n'.join(('# Title', *lines, '')), encoding='utf-8')
            with open(os.devnull, 'w') as quiet:
                shown, sys.stdout = sys.stdout, quiet
                try:
                    return check_document(path, 'self_test.md', nvsafe)
                finally:
                    sys.stdout = shown

    def block(*lines, info='console'):
        return (f'```{info}', *lines, '```')

    cases = [
        ('the right output', block('$ echo one; echo two >&2', 'one', 'two'), (1, 0, 0)),
        ('a wrong output', block('$ echo one', 'two'), (0, 1, 0)),
        ('a missing line', block('$ echo one; echo two', 'one'), (0, 1, 0)),
        ('a line too much', block('$ echo one', 'one', 'two'), (0, 1, 0)),
        ('no output where some is expected', block('$ true', 'one'), (0, 1, 0)),
        ('some output where none is expected', block('$ echo one'), (0, 1, 0)),
        ('an exit status that is not stated', block('$ false'), (0, 1, 0)),
        ('a stated exit status', block('$ exit 3  # exit 3'), (1, 0, 0)),
        ('a stated exit status that does not come', block('$ true  # exit 3'), (0, 1, 0)),
        ('text left out', block('$ echo one 12 two', 'one ... two'), (1, 0, 0)),
        ('text left out within one line only', block('$ printf "one\\ntwo\\n"', 'one...two'), (0, 1, 0)),
        ('lines left out', block('$ seq 9', '1', '...', '9'), (1, 0, 0)),
        ('lines left out, wrong end', block('$ seq 9', '1', '...', '8'), (0, 1, 0)),
        ('no pattern but ...', block('$ echo a.c', 'a?c', '$ echo abc', 'a.c'), (0, 2, 0)),
        ('a file from an earlier block', block('$ echo one > f') + block('$ cat f', 'one'), (2, 0, 0)),
        ('a command of two lines', block('$ echo one \\', '  two', 'one two'), (1, 0, 0)),
        ('a block that is not run', block('$ false', info='console norun'), (0, 0, 1)),
        ('another language', block('$ false', info='sh'), (0, 0, 0)),
        ('output without a command', block('one'), (0, 1, 0)),
        ('a block without an end', ('```console', '$ true'), (0, 1, 0)),
    ]
    wrong = [f'self-test: {name}: {got} instead of {wanted}' for name, lines, wanted in cases
             if (got := counts(*lines)) != wanted]
    print('\n'.join(wrong) if wrong else f'docs: self-test passed ({len(cases)} cases)')
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description='Runs the examples of the documents.')
    parser.add_argument('--nvsafe', type=pathlib.Path, default=ROOT / 'build/release/nvsafe')
    parser.add_argument('--self-test', action='store_true')
    parser.add_argument('files', nargs='*', type=pathlib.Path)
    arguments = parser.parse_args()
    nvsafe = arguments.nvsafe.resolve()
    if arguments.self_test:
        return self_test(nvsafe)
    files = arguments.files or [path for path in (ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))) if path.is_file()]
    if not os.access(nvsafe, os.X_OK):
        print(f'error: {arguments.nvsafe} is not there\nhint: make check-docs builds it')
        return 2
    passed = failed = not_run = 0
    for path in files:
        path = path.resolve()
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        counts = check_document(path, name, nvsafe)
        passed, failed, not_run = passed + counts[0], failed + counts[1], not_run + counts[2]
    if not_run:
        print(f'{not_run} examples not run')
    print(f'{passed} examples passed, {failed} failed')
    return 1 if failed else 0


sys.exit(main())
