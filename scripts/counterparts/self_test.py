"""Proves that the comparison can fail: the original itself stands in for ours, first as it is, then with a fault of each kind."""

import efuses
import environment
import keys
import sound
import tables
import unsound
from compare import Tally
from images import Images

SEED = 7
CASES = 24


def flip_byte(outcome):
    """One byte in the middle of the largest file."""
    name = largest(outcome)
    if name:
        data = bytearray(outcome.made[name])
        data[len(data) // 2] ^= 1
        outcome.made[name] = bytes(data)


def shorten(outcome):
    if name := largest(outcome):
        outcome.made[name] = outcome.made[name][:-1]


def drop_file(outcome):
    if name := largest(outcome):
        del outcome.made[name]


def one_file_more(outcome):
    outcome.made['surprise.tmp'] = b''


def rename_file(outcome):
    if name := largest(outcome):
        outcome.made['other-' + name] = outcome.made.pop(name)


def fail_where_it_succeeds(outcome):
    outcome.status = outcome.status or 3


def succeed_where_it_fails(outcome):
    outcome.status = 0


def other_failure(outcome):
    outcome.status = 254 if outcome.status == 1 else 1 if outcome.status else 0


def crash(outcome):
    outcome.status = -11


def leave_empty_image(outcome):
    if outcome.status:
        outcome.made['nvs.bin'] = b''


def delete_input(outcome):
    outcome.gone = ['in.csv']


def no_answer(outcome):
    outcome.status = None


IMAGE_FAULTS = (
    flip_byte,
    shorten,
    drop_file,
    one_file_more,
    rename_file,
    fail_where_it_succeeds,
    delete_input,
    no_answer,
)
FAILURE_FAULTS = (succeed_where_it_fails, other_failure, crash, leave_empty_image)
TABLE_FAULTS = (flip_byte, drop_file, fail_where_it_succeeds, succeed_where_it_fails)


def largest(outcome):
    return max(outcome.made, key=lambda name: len(outcome.made[name]), default=None)


class Faulty:
    """Runs RUNNER and puts a fault into what it did. A failed run of the original leaves an empty image, which ours must not."""

    def __init__(self, runner, fault, only=''):
        self.runner, self.fault, self.only = runner, fault, only

    def run(self, folder, files, arguments):
        outcome = self.runner.run(folder, files, arguments)
        if outcome.status != 0:
            outcome.made, outcome.gone = {}, []
        if self.fault and (not self.only or arguments[:1] == [self.only]):
            self.fault(outcome)
        return outcome


def count_image_failures(original, cases, fault, only=''):
    with environment.work_folder() as work:
        tally = Tally(work / 'failed', quiet=True)
        Images(original, Faulty(original, fault, only), tally, work, str, threads=0).compare_all(cases)
    return tally.passed, tally.failed


def count_table_failures(extract, fault):
    with environment.work_folder() as work:
        tally = Tally(work / 'failed', quiet=True)
        ours = Faulty(tables.ExtractAsOurs(SEED, extract), fault)
        tables.compare_tables(SEED, range(CASES), extract, ours, tally, work, str)
    return tally.passed, tally.failed


def wrong_shown_keys():
    """What the check of key files says to outputs of show that are not right."""
    key = bytes(range(32))
    right = '{"files": [{"kind": "a bare 32-byte key", "size": 32, "fingerprint": "630dcd29"}]}'
    shown = {
        '': right,
        'other kind': right.replace('32-byte', '64-byte'),
        'other fingerprint': right.replace('63', '64'),
        'no JSON': 'a key',
    }
    return {name: len(keys.wrong_in_shown(key, 'a bare 32-byte key', text, 0)) for name, text in shown.items()}


def count_efuse_failures(program, nvsafe, change):
    with environment.work_folder() as work:
        tally = Tally(work / 'failed', quiet=True)
        efuses.compare_efuses(SEED, program, nvsafe, tally, work, str, change, chips=['esp32c3'])
    return tally.passed, tally.failed


def flip_fuse(data):
    """A bit of the crypt count, in a virtual file of 512 bytes: byte 0x36 of the registers, which end with the file's first byte."""
    at = len(data) - 1 - 0x36
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def run(original, extract, program, nvsafe):
    """Returns the number of faults that were seen, and a list of those that were not."""
    good = [sound.random_case(SEED, n) for n in range(CASES)] + [sound.random_key_case(SEED, n) for n in range(10)]
    bad = [unsound.random_case(SEED, n) for n in range(len(unsound.MUTATIONS))]
    trials = [
        ('no fault, images', count_image_failures(original, good + bad, None), False),
        ('no fault, tables', count_table_failures(extract, None), False),
    ]
    trials += [
        (f'{fault.__name__}, images', count_image_failures(original, good, fault), True) for fault in IMAGE_FAULTS
    ]
    trials += [
        (f'{fault.__name__}, decrypting', count_image_failures(original, good, fault, 'decrypt'), True)
        for fault in (flip_byte, drop_file)
    ]
    trials += [
        (f'{fault.__name__}, wrong input', count_image_failures(original, bad, fault), True) for fault in FAILURE_FAULTS
    ]
    trials += [(f'{fault.__name__}, tables', count_table_failures(extract, fault), True) for fault in TABLE_FAULTS]
    trials += [(f'show: {name or "no fault"}', (1, found), bool(name)) for name, found in wrong_shown_keys().items()]
    trials += [('no fault, eFuses', count_efuse_failures(program, nvsafe, lambda data: data), False)]
    trials += [('flip_fuse, eFuses', count_efuse_failures(program, nvsafe, flip_fuse), True)]
    unseen = [
        f'{name}: {passed} passed, {failed} failed'
        for name, (passed, failed), is_fault in trials
        if bool(failed) != is_fault or passed + failed == 0
    ]
    return len(trials) - len(unseen), unseen
