#!/usr/bin/env python3
"""Writes tests/requirements.txt: what tests/requirements.in names and all that it needs, each with version and hash.

usage: tools/lock.py    (for Debian 12's Python on x86_64, which is what ./dev installs for)
"""
import email
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def pinned(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA"))
        about = email.message_from_bytes(archive.read(name))
    return f"{about['Name'].lower()}=={about['Version']} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["/usr/bin/python3", "-m", "venv", f"{folder}/venv"], check=True)
        pip = [f"{folder}/venv/bin/pip", "download", "-q", "--only-binary", ":all:", "-d", f"{folder}/wheels"]
        subprocess.run(pip + ["-r", str(ROOT / "tests/requirements.in")], check=True)
        lines = sorted(pinned(wheel) for wheel in pathlib.Path(folder, "wheels").glob("*.whl"))
    head = "# Written by tools/lock.py from requirements.in.\n"
    (ROOT / "tests/requirements.txt").write_text(head + "\n".join(lines) + "\n")
    print(f"{len(lines)} packages")


if __name__ == "__main__":
    sys.exit(main())
