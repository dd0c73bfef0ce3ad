"""Compares two outcomes, and keeps what a failure needs to be understood."""

import re
import shutil

PAGE = 4096
TIMED_KEYS = re.compile(r'keys-\d\d-\d\d_\d\d-\d\d')


def settled(made):
    """File names without the minute in which a default key file was made."""
    return {TIMED_KEYS.sub('keys-TIME', name): data for name, data in made.items()}


def place(offset):
    page, rest = divmod(offset, PAGE)
    if rest < 32:
        return f'page {page}, header byte {rest}'
    if rest < 64:
        return f'page {page}, entry states byte {rest - 32}'
    return f'page {page}, entry {(rest - 64) // 32}, byte {(rest - 64) % 32}'


def first_difference(name, wanted, got):
    if len(wanted) != len(got):
        return f'{name}: {len(got)} bytes instead of {len(wanted)}'
    offset = next(n for n, (a, b) in enumerate(zip(wanted, got)) if a != b)
    return f'{name} differs at 0x{offset:x}, {place(offset)}: {got[offset]:02x} instead of {wanted[offset]:02x}'


def differences(original, ours, any_bytes=()):
    """What OURS does otherwise than ORIGINAL. any_bytes: files that hold random keys, of which only name and size count."""
    if ours.status is None:
        return ['no answer in time']
    found = [f'deletes {name}' for name in ours.gone]
    if ours.status != original.status:
        found.append(f'exit status {ours.status} instead of {original.status}')
    if original.status != 0:
        return found + [
            f'leaves {name} ({len(data)} bytes), where the original fails' for name, data in sorted(ours.made.items())
        ]
    wanted, got = settled(original.made), settled(ours.made)
    found += [f'{name} is missing' for name in sorted(wanted.keys() - got.keys())]
    found += [f'{name} is one file more' for name in sorted(got.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & got.keys()):
        if name in any_bytes:
            found += (
                [f'{name}: {len(got[name])} bytes instead of {len(wanted[name])}']
                if len(got[name]) != len(wanted[name])
                else []
            )
        elif wanted[name] != got[name]:
            found.append(first_difference(name, wanted[name], got[name]))
    return found


class Tally:
    """Counts what passed and failed, prints each failure, and keeps its files below `failed`."""

    KEPT = 50

    def __init__(self, failed_folder, quiet=False):
        self.folder = failed_folder
        self.quiet = quiet
        self.passed = 0
        self.failed = 0

    def count(self, name, found, repeat='', arguments=(), files=None, outcomes=None):
        if not found:
            self.passed += 1
            return
        self.failed += 1
        if self.quiet:
            return
        print(f'{name}: FAILED: {"; ".join(found)}')
        if self.failed > self.KEPT:
            return
        kept = self.folder / name.replace('/', '-').replace(' ', '-')
        shutil.rmtree(kept, ignore_errors=True)
        for folder, contents in {
            'in': files or {},
            **{label: outcome.made for label, outcome in (outcomes or {}).items()},
        }.items():
            for path, data in contents.items():
                target = kept / folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data) if data is not None else target.mkdir(exist_ok=True)
        kept.mkdir(parents=True, exist_ok=True)
        report = [*found, f'arguments: {list(arguments)!r}', f'again: {repeat}']
        for label, outcome in (outcomes or {}).items():
            report += [f'--- {label}: exit status {outcome.status}', outcome.said]
        (kept / 'report.txt').write_text('\n'.join(report) + '\n', encoding='utf-8')
        print(f'  kept in {kept}; again: {repeat}')
