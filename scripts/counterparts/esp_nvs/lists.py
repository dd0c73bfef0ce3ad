"""One list of operations: the engines take turns on an image, and after each turn both must hold what the map holds."""

import collections
import random
import struct

from operations import ENTRIES_PER_PAGE, NAMESPACE_COUNT_MAX, STRING_SIZE_MAX, Model, Source, entry_count

PAGE_SIZE = 4096


class Mismatch(Exception):
    """An engine does not hold, or does not answer, what it must."""


class List:
    def __init__(self, seed, number, engines, folder):
        self.random = random.Random(f'{seed}/{number}')
        self.engines = engines  # nvsafe, esp-nvs
        self.image, self.image_before = folder / 'image.bin', folder / 'before.bin'
        self.page_count = self.random.choice((3, 3, 4, 4, 5, 6, 8, 11, 16))
        self.is_crowded = self.page_count >= 8 and self.random.random() < 0.1
        self.model = Model(self.page_count)
        self.source = Source(self.random, self.page_count, self.model, self.is_crowded)
        self.gone = {}  # erased keys and the type they had
        self.seen = collections.Counter()

    def run(self):
        """Raises Mismatch, or Broken from an engine."""
        self.image.write_bytes(b'\xff' * PAGE_SIZE * self.page_count)
        first = self.random.randrange(2)
        for turn in range(8 if self.is_crowded else self.random.choice((2, 4, 6, 8))):
            writer = self.engines[(first + turn) % 2]
            starts = page_starts(self.image)
            self.take_turn(writer)
            self.seen[f'{writer.name}: pages started'] += page_starts(self.image) - starts
            for reader in self.engines:
                reader.open(self.image)
                self.compare(reader, f'{reader.name} mounted what {writer.name} wrote')
            self.look_for_findings(writer)
        self.seen['lists with collections'] += page_starts(self.image) > self.page_count
        self.seen['lists that want too many namespaces'] += len(self.model.spaces) > NAMESPACE_COUNT_MAX

    def take_turn(self, engine):
        engine.sent.clear()
        self.image_before.write_bytes(self.image.read_bytes())
        engine.open(self.image, purges=self.random.random() < 0.2)
        self.operate(engine)
        self.compare(engine, f'{engine.name} wrote')
        self.look_for_gone(engine)
        self.save(engine)
        self.seen['turns'] += 1

    def operate(self, engine):
        for _ in range(120 if self.is_crowded else self.random.choice((1, 10, 30, 60, 120))):
            operation = self.source.next()
            answer = self.send(engine, operation)
            self.seen['operations'] += 1
            if operation.verb == 'erase':
                self.judge_erase(engine, operation, answer)
            else:
                self.judge_set(engine, operation, answer)

    # What the self-test puts faults into.

    def send(self, engine, operation):
        return getattr(engine, operation.verb)(*operation.arguments)

    def listed(self, engine):
        return engine.list()

    def finds(self, engine, path, kind):
        return engine.get(*path, kind) != 'absent'

    def save(self, engine):
        engine.save(self.image)

    # What must be so.

    def judge_erase(self, engine, operation, answer):
        held = self.model.values.get(operation.path)
        # esp-nvs does not say whether there was such a key.
        wanted = 'ok' if held or engine.name == 'esp-nvs' else 'absent'
        if answer != wanted:
            raise Mismatch(f'{engine.name} says "{answer}" to the erase of {operation.path}')
        if held:
            self.gone[operation.path] = held[0]
        self.model.apply(operation)

    def judge_set(self, engine, operation, answer):
        self.seen[f'{engine.name}: sets'] += 1
        if answer != 'ok':
            self.seen[f'{engine.name}: {answer}'] += 1
        if not self.is_right_answer(engine, operation, answer):
            raise Mismatch(
                f'{engine.name} says "{answer}" to a {operation.kind} of {len(operation.value)} bytes; '
                f'{self.model.used()} of {self.model.room} entries are in use'
            )
        if answer == 'ok':
            self.seen[f'{engine.name}: values of several pages'] += entry_count_of(operation) > ENTRIES_PER_PAGE
            self.model.apply(operation)
            self.gone.pop(operation.path, None)
        else:
            self.model.spaces.add(operation.space)  # made before the value was refused, perhaps

    def is_right_answer(self, engine, operation, answer):
        is_one_page = entry_count_of(operation) <= ENTRIES_PER_PAGE
        if operation.kind == 'string' and len(operation.value) > STRING_SIZE_MAX:
            # The namespace is made first, and may find no room either.
            return answer == 'too-long' or answer == 'full' and not self.model.has_items(operation.space)
        if answer == 'full':
            # esp-nvs also refuses with room left (docs/COUNTERPARTS.md).
            return engine.name != 'nvsafe' or not is_one_page or not self.fits_surely(operation)
        return answer == 'ok' or answer == 'too-long' and not is_one_page

    def fits_surely(self, operation):
        """Whether there is room on the emptiest page: it holds no more than the mean, and can be collected."""
        is_new = not self.model.has_items(operation.space)
        if is_new and len(self.model.spaces) >= NAMESPACE_COUNT_MAX:
            return False
        emptiest_max = self.model.used_max() // (self.page_count - 1)
        return emptiest_max + is_new + entry_count_of(operation) <= ENTRIES_PER_PAGE

    def compare(self, engine, where):
        lines, wanted = sorted(self.listed(engine)), self.model.lines()
        self.seen['listings'] += 1
        if lines != wanted:
            extra, missing = set(lines) - set(wanted), set(wanted) - set(lines)
            what = f'{len(lines)} items listed of {len(wanted)}, {len(missing)} missing, {len(extra)} too many'
            raise Mismatch(f'{where}: {what}: {shorten(missing)} {shorten(extra)}')

    def look_for_gone(self, engine):
        """Keys that are not there are not found either; a listing would not show that."""
        for path in self.random.sample(sorted(self.gone), min(len(self.gone), 5)):
            self.seen['erased keys looked for'] += 1
            if self.finds(engine, path, self.gone[path]):
                raise Mismatch(f'{engine.name} finds {path}, which was erased')

    def look_for_findings(self, writer):
        """nvsafe has the image open, and finds nothing wrong in it."""
        if found := self.engines[0].findings():
            raise Mismatch(f'nvsafe says about what {writer.name} wrote: {"; ".join(found)}')


def entry_count_of(operation):
    return entry_count(operation.kind, len(operation.value))


def page_starts(image):
    """How many pages were started since the image was blank: their sequence numbers count from 0."""
    data = image.read_bytes()
    headers = [struct.unpack_from('<II', data, offset) for offset in range(0, len(data), PAGE_SIZE)]
    return max((sequence + 1 for state, sequence in headers if state != 0xFFFFFFFF), default=0)


def shorten(lines):
    return '; '.join(line[:80] for line in sorted(lines)[:2])
