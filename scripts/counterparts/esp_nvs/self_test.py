"""Proves that the comparison can fail: lists of operations in which something goes wrong once, in one of many ways."""

import os
import signal

from engine import Broken
from lists import PAGE_SIZE, List, Mismatch
from operations import ENTRIES_PER_PAGE, ENTRY_SIZE, NUMBERS, STRING_SIZE_MAX

SEED = 7
LISTS = 24
APPLIED_MIN = 4
HANGING_SECONDS = 0.3


class Faulty(List):
    applied = False

    def once(self, chance=0.3):
        """Whether it is to be now."""
        if self.applied or self.random.random() > chance:
            return False
        self.applied = True
        return True


class DroppedOperation(Faulty):
    def operate(self, engine):
        super().operate(engine)
        operation = self.source.next()
        if self.model.changes(operation) and self.once():
            self.model.apply(operation)


class OtherValueWritten(Faulty):
    def operate(self, engine):
        super().operate(engine)
        operation = self.source.next()
        if operation.verb == 'set' and operation.kind in NUMBERS and self.once():
            wrong = bytes([operation.value[0] ^ 1]) + operation.value[1:]
            self.judge_set(engine, operation, engine.set(*operation.path, operation.kind, wrong))


class RoomDenied(Faulty):
    def send(self, engine, operation):
        is_set = operation.verb == 'set' and engine.name == 'nvsafe'
        if is_set and operation.kind in NUMBERS and self.fits_surely(operation) and self.once():
            return 'full'
        return super().send(engine, operation)


class TooLongTaken(Faulty):
    def send(self, engine, operation):
        if operation.kind == 'string' and len(operation.value) > STRING_SIZE_MAX and self.once(1):
            return 'ok'
        return super().send(engine, operation)


class EraseDenied(Faulty):
    def send(self, engine, operation):
        if operation.verb == 'erase' and operation.path in self.model.values and self.once():
            return 'absent'
        return super().send(engine, operation)


class ProgramEnded(Faulty):
    def send(self, engine, operation):
        if self.once():
            engine.process.kill()
        return super().send(engine, operation)


class ProgramHangs(Faulty):
    def send(self, engine, operation):
        if self.once():
            os.kill(engine.process.pid, signal.SIGSTOP)
        return super().send(engine, operation)


class ListedItem(Faulty):
    """One line of a listing is changed."""

    def listed(self, engine):
        lines = super().listed(engine)
        suited = [i for i, line in enumerate(lines) if self.change(line) != [line]]
        if suited and self.once():
            i = self.random.choice(suited)
            lines[i : i + 1] = self.change(lines[i])
        return lines


class ItemNotListed(ListedItem):
    def change(self, line):
        return []


class ItemListedTwice(ListedItem):
    def change(self, line):
        return [line, line]


class OtherValueListed(ListedItem):
    def change(self, line):
        return [line] if line.endswith('-') else [line[:-1] + ('1' if line[-1] == '0' else '0')]


class OtherTypeListed(ListedItem):
    def change(self, line):
        return [line.replace(' u', ' i') if ' u' in line else line.replace(' blob ', ' string ')]


class OtherNamespaceListed(ListedItem):
    def change(self, line):
        return [line.replace('item ', 'item 61', 1)]


class ErasedKeyFound(Faulty):
    def finds(self, engine, path, kind):
        return self.once() or super().finds(engine, path, kind)


class ChangedImage(Faulty):
    """The image is changed between two turns."""

    def save(self, engine):
        super().save(engine)
        data = bytearray(self.image.read_bytes())
        items = live_items(data)
        if items and self.once():
            self.change(data, self.random.choice(items))
            self.image.write_bytes(data)


class ByteFlipped(ChangedImage):
    def change(self, data, item):
        offset, span = item
        # A value ends somewhere in its last entry, so the first byte of each is one that counts.
        data[offset + self.random.randrange(span) * ENTRY_SIZE] ^= 1 << self.random.randrange(8)


class HeaderFlipped(ChangedImage):
    def change(self, data, item):
        data[item[0] + self.random.randrange(ENTRY_SIZE)] ^= 1 << self.random.randrange(8)


class PageBlanked(ChangedImage):
    def change(self, data, item):
        start = item[0] // PAGE_SIZE * PAGE_SIZE
        data[start : start + PAGE_SIZE] = b'\xff' * PAGE_SIZE


class MarkedErased(ChangedImage):
    def change(self, data, item):
        page, index = item[0] // PAGE_SIZE, item[0] % PAGE_SIZE // ENTRY_SIZE - 2
        data[page * PAGE_SIZE + 32 + index // 4] &= ~(3 << index % 4 * 2)


class ImageNotSaved(Faulty):
    def take_turn(self, engine):
        self.lines_before = self.model.lines()
        super().take_turn(engine)

    def save(self, engine):
        super().save(engine)
        if self.lines_before != self.model.lines() and self.once():
            self.image.write_bytes(self.image_before.read_bytes())


FAULTS = (
    *(DroppedOperation, OtherValueWritten, RoomDenied, TooLongTaken, EraseDenied, ProgramEnded, ProgramHangs),
    *(ItemNotListed, ItemListedTwice, OtherValueListed, OtherTypeListed, OtherNamespaceListed, ErasedKeyFound),
    *(ByteFlipped, HeaderFlipped, PageBlanked, MarkedErased, ImageNotSaved),
)


def live_items(data):
    """(offset, entries) of each item in use that belongs to a namespace. docs/FORMAT.md: page, entry."""
    items = []
    for page in range(0, len(data), PAGE_SIZE):
        index = 0
        while index < ENTRIES_PER_PAGE:
            offset = page + 64 + index * ENTRY_SIZE
            state = data[page + 32 + index // 4] >> index % 4 * 2 & 3
            span = max(data[offset + 2], 1) if state == 2 else 1
            if state == 2 and data[offset] != 0:
                items.append((offset, span))
            index += span
    return items


def is_seen(faulty):
    try:
        faulty.run()
    except (Mismatch, Broken):
        for engine in faulty.engines:
            engine.stop()
        return True
    return False


def run(engines, folder):
    """Returns the number of faults that were always seen, and a line for each that was not."""
    for engine in engines:
        engine.timeout_seconds = HANGING_SECONDS
    unseen = []
    for fault in FAULTS:
        applied, missed = 0, []
        for number in range(LISTS):
            faulty = fault(SEED, number, engines, folder)
            if is_seen(faulty) != faulty.applied:
                missed.append(number)
            applied += faulty.applied
        if missed or applied < APPLIED_MIN:
            unseen.append(f'{fault.__name__}: in {applied} of {LISTS} lists, wrongly judged: {missed}')
    return len(FAULTS) - len(unseen), unseen
