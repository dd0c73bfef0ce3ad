"""Key files of esptool's espsecure, as `nvsafe show` sees them.

That is all that esptool 5.6.0 brings: no module of esptool, espsecure or espefuse reads or writes a partition table or an NVS key
page. Flash-encryption keys of 128 and 192 bits are left out: show does not know files of 16 and 24 bytes as keys.
"""

import hashlib
import json
import subprocess
import sys

from runs import Outcome

KINDS = {256: 'a bare 32-byte key', 512: 'a bare 64-byte key'}


def compare_key_files(nvsafe, tally, work, repeat, change=lambda shown: shown):
    """CHANGE is for the self-test: what it makes of the output of show is judged instead."""
    work.mkdir(parents=True, exist_ok=True)
    for bits, kind in KINDS.items():
        path = work / f'flash-encryption-{bits}.bin'
        subprocess.run(
            [sys.executable, '-m', 'espsecure', 'generate-flash-encryption-key', '--keylen', str(bits), path],
            check=True,
            capture_output=True,
        )
        shown = subprocess.run([*nvsafe, 'show', '--json', path], capture_output=True, text=True)
        name = f'espsecure/{bits}'
        tally.count(
            name,
            wrong_in_shown(path.read_bytes(), kind, change(shown.stdout), shown.returncode),
            repeat(name),
            ['show', path],
            outcomes={'ours': Outcome(shown.returncode, said=shown.stdout + shown.stderr)},
        )


def wrong_in_shown(key, kind, shown, status):
    try:
        about = json.loads(shown)['files'][0]
    except (ValueError, LookupError):
        return [f'show prints no JSON about a file (exit status {status})']
    wanted = {'kind': kind, 'size': len(key), 'fingerprint': hashlib.sha256(key).hexdigest()[:8]}
    found = [
        f'{name} is {about.get(name)!r} instead of {value!r}'
        for name, value in wanted.items()
        if about.get(name) != value
    ]
    return found + [f'exit status {status}'] * (status != 0)
