#!/usr/bin/env python3
"""Lists the software in the program with its licences and their texts, as these licences require of distributors.

    dev/image/notices.py TARGET FILE

It reads what Cargo has downloaded: the licence files of each crate that the program for this target is built of. A text that
several have is there once.
"""

import json
import os
import subprocess
import sys

PROGRAM = "connect-operator"
NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def crates(target):
    """The crates that the program is built of, sorted."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={target}"]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    open_, seen = [p["id"] for p in packages.values() if p["name"] == PROGRAM], set()
    while open_:
        node = open_.pop()
        if node not in seen:
            seen.add(node)
            # Dependencies of build scripts and tests have another kind.
            normal = (d["pkg"] for d in nodes[node]["deps"] if any(kind["kind"] is None for kind in d["dep_kinds"]))
            open_.extend(normal)
    others = (packages[node] for node in seen if packages[node]["source"])
    return sorted(others, key=lambda crate: (crate["name"], crate["version"]))


def texts(crate):
    """The licence files that a crate comes with."""
    directory = os.path.dirname(crate["manifest_path"])
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if name.upper().startswith(NAMES) and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield file.read().strip()


def main(target, path):
    listed, by_text, without = [], {}, []
    for crate in crates(target):
        name = f"{crate['name']} {crate['version']}"
        listed.append(f"{name}: {crate['license']}, {crate['repository'] or 'https://crates.io/crates/' + crate['name']}")
        own = list(texts(crate))
        for text in own:
            by_text.setdefault(" ".join(text.split()), (text, []))[1].append(name)
        if not own:
            without.append(f"{name} ({crate['license']}), by {', '.join(crate['authors']) or 'its contributors'}")
    assert len(listed) > 100, "these cannot be all"
    rule = "\n\n" + "=" * 80 + "\n\n"
    parts = [
        f"{PROGRAM} is built of these, for {target}. Their licences follow.\n\n" + "\n".join(listed),
        "The program also holds the Rust standard library (MIT OR Apache-2.0, https://github.com/rust-lang/rust) and musl\n"
        "(MIT, https://musl.libc.org). The certificates beside it in the image are Mozilla's (MPL-2.0,\n"
        "https://wiki.mozilla.org/CA).",
        "Without a text of their own; those of Apache-2.0 and MIT are below:\n\n" + "\n".join(without),
    ]
    parts += [f"Of {', '.join(names)}:\n\n{text}" for text, names in by_text.values()]
    with open(path, "w", encoding="utf-8") as file:
        file.write(rule.join(parts) + "\n")


main(*sys.argv[1:])
