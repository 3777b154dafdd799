"""Ardour without a screen: a session that is rolled in real time, saved, and exported by another process.

usage: ardour_check.py BUNDLE.vst3 WORK_FOLDER
"""

import os
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import soundfile

from listening import Log, changed_bars, check, report

PREFIX = "/usr/lib/ardour7"
HERE = os.path.dirname(os.path.abspath(__file__))
RATE, BPM, BEATS, BARS = 48_000, 140.0, 3, 6
# Ardour's unit of time in session files, a second's worth of it.
SUPERCLOCK = 282_240_000

bundle, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
home = os.path.join(work, "ardour-home")


def prepare():
    """A home of its own, with the plugin and our source in it, so that nobody's configuration is read or written."""
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(os.path.join(home, ".vst3"))
    os.makedirs(os.path.join(home, ".config/ardour7/scripts"))
    shutil.copy(os.path.join(HERE, "ardour_signal.lua"), os.path.join(home, ".config/ardour7/scripts"))
    os.environ.update(HOME=home, ARDOUR_BACKEND_PATH=f"{PREFIX}/backends", TURNAROUND_AUDIO=os.path.join(work, "ardour-audio"))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
    installed = os.path.join(home, ".vst3", os.path.basename(bundle))
    shutil.copytree(bundle, installed)
    # Ardour takes its record of a plugin for outdated when the file's time has a fraction of a second.
    then = int(time.time()) - 5
    for folder, _, files in os.walk(installed, topdown=False):
        for name in files:
            os.utime(os.path.join(folder, name), (then, then))
        os.utime(folder, (then, then))
    scanner = dict(
        os.environ, LD_LIBRARY_PATH=PREFIX, ARDOUR_DLL_PATH=PREFIX, ARDOUR_DATA_PATH="/usr/share/ardour7", ARDOUR_CONFIG_PATH="/etc/ardour7"
    )
    run([f"{PREFIX}/ardour-vst3-scanner", "-f", installed], scanner, "the plugin is scanned")


def run(command, environment, what):
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    # A build with debug assertions says in every block what it thinks of Ardour's events.
    said = [line for line in done.stdout.splitlines() if "Input event is out of bounds" not in line]
    tail = "\n".join(said[-30:])
    check(done.returncode == 0, f"{what} ({os.path.basename(command[0])} ended with {done.returncode}):\n{tail}")
    return done.stdout


def roll(name, selected):
    """Makes a session, rolls it in real time, saves it. Returns its folder."""
    folder = os.path.join(work, name)
    shutil.rmtree(folder, ignore_errors=True)
    arguments = [folder, name, str(BPM), str(BEATS), str(BARS), ",".join(map(str, selected))]
    said = run(["ardour7-lua", os.path.join(HERE, "ardour_session.lua"), *arguments], os.environ, "a session is made and rolled")
    check("session: saved" in said, f"the session is saved:\n{said}")
    return folder


def export(folder, name):
    """Exports all bars as float, in a process of its own. Returns [channel, sample]."""
    give_range(os.path.join(folder, f"{name}.ardour"), round(BARS * bar()))
    wav = os.path.join(work, f"{name}.wav")
    if os.path.exists(wav):
        os.remove(wav)
    command = ["ardour7-export", "-b", "float", "-o", wav, folder, name]
    # Ardour may abort when it is done; the file tells.
    subprocess.run(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300, check=False)
    check(os.path.exists(wav), "the export writes a file")
    sound, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    check((rate, len(sound)) == (RATE, round(BARS * bar())), f"it is whole: {len(sound)} samples at {rate} Hz")
    return sound.T


def give_range(session, samples):
    """Says in a saved session from where to where it is exported."""
    with open(session, encoding="utf-8") as file:
        text = file.read()
    end = samples * SUPERCLOCK // RATE
    location = (
        f'<Locations><Location id="990001" name="session" start="a0" end="a{end}" flags="IsSessionRange" locked="0" timestamp="0"'
        ' cue="0"/></Locations>'
    )
    text, count = re.subn(r"<Locations\s*/>|<Locations>.*?</Locations>", location, text, count=1, flags=re.S)
    check(count == 1, "the session has a place for its range")
    with open(session, "w", encoding="utf-8") as file:
        file.write(text)


def bar():
    return 60 / BPM * RATE * BEATS


def main():
    log = Log(os.path.join(work, "ardour.jsonl"))
    prepare()
    lines = [round(number * bar()) for number in range(BARS + 1)]
    selected = [2, 5]
    folder = roll("wet", selected)
    lengths = sorted((line["number"], line["length"]) for line in log.lines("bar") if line["number"] <= BARS)
    expected = [(number + 1, lines[number + 1] - lines[number]) for number in range(BARS)]
    check(lengths == expected, f"the roll lets the plugin hear the bars of {BEATS}/4: {lengths}, not {expected}")
    dry = export(folder, "dry")
    check(float(np.abs(dry).max()) > 0.1, "the recording sounds")
    made = len(log.lines("take"))
    wet = export(folder, "wet")
    found = changed_bars(dry, wet, lines, RATE)
    check(found == selected, f"bars {selected} of the export are the takes, not {found}")
    check(len(log.lines("take")) == made, "the export plays what the session saved and has nothing made anew")
    again = export(folder, "wet")
    check(np.array_equal(wet, again), "a second export is the first, bit by bit")
    report(f"{BEATS}/4 at {BPM:g}: rolled in real time, exported by another process: bars {found} changed, the others bit-exact, exports equal")


main()
