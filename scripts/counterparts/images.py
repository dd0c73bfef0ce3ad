"""nvs_partition_gen against the stand-in: the same CSVs and arguments, the same files; and each decrypts what the other encrypted."""

import collections
import concurrent.futures
import hmac
import itertools
import zlib

import compare
from runs import Outcome

BATCH = 100
# From these the chip and the original derive the two halves of the NVS keys (docs/FORMAT.md).
HMAC_SEEDS = (b'\x5a\x5a\xbe\xae', b'\xa5\xa5\xde\xce')


def batches(items, size):
    items = iter(items)
    while batch := list(itertools.islice(items, size)):
        yield batch


class Images:
    """Runs cases in batches: ours in threads, the original's module meanwhile in this one."""

    def __init__(self, original, ours, tally, work, repeat, threads=2):
        self.original, self.ours, self.tally, self.work, self.repeat = original, ours, tally, work, repeat
        self.pool = concurrent.futures.ThreadPoolExecutor(threads) if threads else None
        self.seen = collections.Counter()
        self.runs = 0

    def start(self, files, arguments):
        """Ours; returns what gives its outcome."""
        folder = self.folder()
        if self.pool is None:
            outcome = self.ours.run(folder, files, arguments)
            return lambda: outcome
        return self.pool.submit(self.ours.run, folder, files, arguments).result

    def run_original(self, files, arguments):
        return self.original.run(self.folder(), files, arguments)

    def folder(self):
        self.runs += 1
        return self.work / str(self.runs)

    def compare_all(self, cases):
        for batch in batches(cases, BATCH):
            pending = [(case, self.start(case.files, case.arguments)) for case in batch]
            made = [(case, self.run_original(case.files, case.arguments), ours) for case, ours in pending]
            encrypted = [
                found for found in (self.compare_one(case, original, ours()) for case, original, ours in made) if found
            ]
            self.compare_decrypting(encrypted)

    def compare_one(self, case, original, ours):
        """Returns what is to be decrypted, if both made an encrypted image."""
        found = compare.differences(original, ours, original.made if case.random_keys else ())
        if case.random_keys and ours.status == 0:
            found += wrong_in_drawn_keys(ours)
        self.count(case, found, case.arguments, {'original': original, 'ours': ours})
        self.seen['images' if original.status == 0 and original.made else 'refused'] += 1
        if case.plain and original.status == 0 and ours.status == 0 and case.image in ours.made:
            return case, original, ours
        return None

    def count(self, case, found, arguments, outcomes, suffix=''):
        note = [f'({case.note})'] if case.note and found else []
        self.tally.count(case.name + suffix, [*found, *note], self.repeat(case.name), arguments, case.files, outcomes)

    def compare_decrypting(self, encrypted):
        """Each decrypts the other's image, with the keys that belong to it; both must come to the plain image."""
        arguments = ['decrypt', 'image.bin', 'keys.bin', 'plain.bin']
        pending = []
        for case, original, ours in encrypted:
            theirs = {'image.bin': original.made[case.image], 'keys.bin': key_bytes(case, original)}
            pending.append((case, ours, theirs, self.start(theirs, arguments)))
        for case, ours, theirs, decrypted in pending:
            plain = self.run_original(case.files, case.plain)
            wanted = Outcome(0, {'plain.bin': next(iter(plain.made.values()), b'')})
            self.count_decrypted(case, wanted, decrypted(), theirs, arguments, ' ours decrypts')
            own = {'image.bin': ours.made[case.image], 'keys.bin': key_bytes(case, ours)}
            self.count_decrypted(case, wanted, self.run_original(own, arguments), own, arguments, ' original decrypts')

    def count_decrypted(self, case, wanted, got, files, arguments, suffix):
        self.seen['decrypted'] += 1
        found = compare.differences(wanted, got)
        self.tally.count(
            case.name + suffix,
            found,
            self.repeat(case.name),
            arguments,
            {**files, **case.files},
            {'plain': wanted, 'decrypted': got},
        )


def wrong_in_drawn_keys(outcome):
    """Keys are drawn at random, so they are held against what a key page is, and against the HMAC key when one was drawn too."""
    pages = {name: data for name, data in outcome.made.items() if name.endswith('keys.bin') and 'hmac' not in name}
    hmac_keys = [data for name, data in outcome.made.items() if 'hmac' in name]
    found = [] if len(pages) == 1 else [f'{len(pages)} key files']
    for name, page in pages.items():
        if page[64:] != zlib.crc32(page[:64], 0xFFFFFFFF).to_bytes(4, 'little') + b'\xff' * (4096 - 68):
            found.append(f'{name} is no key page')
        if hmac_keys and page[:64] != b''.join(hmac.digest(hmac_keys[0], seed * 8, 'sha256') for seed in HMAC_SEEDS):
            found.append(f'{name} is not derived from the HMAC key')
    return found


def key_bytes(case, outcome):
    return case.files.get(case.key) or outcome.made.get(case.key, b'')
