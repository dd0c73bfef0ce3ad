"""A program that runs operations on an image: store_operations (nvsafe) or esp_nvs_operations (esp-nvs)."""

import os
import select
import subprocess

ENDS = ('ok', 'absent', 'full', 'too-long')


class Broken(Exception):
    """The program ended, gave no answer in time, or reports an error that no operation here should cause."""


def to_hex(data):
    return data.hex() or '-'


class Engine:
    def __init__(self, name, program, timeout_seconds=30):
        self.name, self.program, self.timeout_seconds = name, program, timeout_seconds
        self.process, self.sent = None, []

    def start(self):
        self.stop()
        self.process = subprocess.Popen(
            [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def ask(self, *words):
        """Sends one command; returns the lines before the last one of the answer, and that last one."""
        if not self.process:
            self.start()
        line = ' '.join(words)
        self.sent.append(line)
        try:
            self.process.stdin.write(line.encode() + b'\n')
        except OSError as error:
            raise Broken(f'{self.name} ended at: {line[:100]}') from error
        lines = self.read_answer(line)
        if lines[-1] not in ENDS:
            raise Broken(f'{self.name} says "{lines[-1]}" to: {line[:100]}')
        return lines[:-1], lines[-1]

    def read_answer(self, line):
        output, answer = self.process.stdout.fileno(), bytearray()
        while not is_whole(answer):
            if not select.select([output], [], [], self.timeout_seconds)[0]:
                raise Broken(f'{self.name} gave no answer to: {line[:100]}')
            part = os.read(output, 1 << 20)
            if not part:
                raise Broken(f'{self.name} ended at: {line[:100]}')
            answer += part
        return answer.decode().splitlines()

    # The commands. Those that may be refused return the last line.

    def open(self, path, purges=False):
        self.must('open', str(path), *(['purge'] if purges else []))

    def save(self, path):
        self.must('save', str(path))

    def set(self, space, key, kind, value):
        return self.ask('set', to_hex(space), to_hex(key), kind, to_hex(value))[1]

    def erase(self, space, key):
        return self.ask('erase', to_hex(space), to_hex(key))[1]

    def get(self, space, key, kind):
        return self.ask('get', to_hex(space), to_hex(key), kind)[1]

    def list(self):
        """The item lines as they came."""
        return self.must('list')

    def findings(self):
        return self.must('findings')

    def must(self, *words):
        lines, end = self.ask(*words)
        if end != 'ok':
            raise Broken(f'{self.name} says "{end}" to: {" ".join(words)[:100]}')
        return lines


def is_whole(answer):
    """Whether the last line is an end; only such a line does not start with the word of what it lists."""
    if not answer.endswith(b'\n'):
        return False
    last = answer[answer.rfind(b'\n', 0, len(answer) - 1) + 1 :]
    return not last.startswith((b'item ', b'finding '))
