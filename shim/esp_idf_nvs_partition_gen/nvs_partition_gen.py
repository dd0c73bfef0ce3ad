"""nvsafe in place of Espressif's NVS partition generator, for what calls that by its Python name.

With the folder above this package on PYTHONPATH, `python3 -m esp_idf_nvs_partition_gen ARGS` and `python3 .../nvs_partition_gen.py ARGS`
become `nvsafe as nvs_partition_gen ARGS`. Only a program stands behind it: there is nothing to import.
"""
import os
import shutil
import signal
import sys


def find_nvsafe():
    """The nvsafe that was installed together with this file, else the one on PATH."""
    here = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.normpath(os.path.join(here, '..', '..', '..', '..', 'bin', 'nvsafe'))
    return installed if os.access(installed, os.X_OK) else shutil.which('nvsafe')


def main():
    nvsafe = find_nvsafe()
    if nvsafe is None:
        sys.exit('error: nvsafe is neither installed with ' + os.path.abspath(__file__) + ' nor on PATH')
    # Python ignores these two; nvsafe shall meet them as it would without Python in between.
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    os.execv(nvsafe, [nvsafe, 'as', 'nvs_partition_gen'] + sys.argv[1:])


def __getattr__(name):
    raise AttributeError(name + ' is not there: this is the shim of nvsafe, which only runs a program. A script that imports the '
                         'generator, such as mfg_gen.py, needs the original: take ' +
                         os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + ' off PYTHONPATH')


if __name__ == '__main__':
    main()
