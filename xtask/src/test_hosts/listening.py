"""What the checks of outside hosts share: music to play, bars to compare, and the plugin's log to wait for."""

import json
import os
import sys
import time

import numpy as np

# The plugin fades over 20 ms before and at the end of a bar that it replaces.
FADE_SECONDS = 0.021


def music(rate, bar_seconds, bars):
    """Plucked chords and strokes of noise, other ones in every bar: float32, [channel, sample]."""
    dice = np.random.default_rng(1)
    out = np.zeros((2, round(bars * bar_seconds * rate)))
    for bar in range(bars):
        root = 110.0 * 2 ** ((0, 5, 7, 3, 10, 8, 2)[bar % 7] / 12)
        for stroke in range(4):
            at = round((bar + stroke / 4) * bar_seconds * rate)
            for voice, semitones in enumerate((0, 3 + dice.integers(2), 7, 12)):
                _pluck(out[:, at:], rate, root * 2 ** (semitones / 12), 0.2 + 0.2 * voice)
            noise = 0.06 * dice.standard_normal((2, rate // 25)) * np.linspace(1, 0, rate // 25)
            room = out[:, at : at + noise.shape[1]]
            room += noise[:, : room.shape[1]]
    return out.astype(np.float32)


def _pluck(out, rate, hertz, pan):
    time_ = np.arange(min(rate // 2, out.shape[1])) / rate
    sound = sum(0.1 / n * np.sin(2 * np.pi * hertz * n * time_) for n in (1, 2, 3)) * np.exp(-9 * time_)
    out[0, : len(sound)] += (1 - pan) * sound
    out[1, : len(sound)] += pan * sound


def changed_bars(dry, wet, lines, rate, slack=0):
    """Numbers of the bars, from 1, in which two sounds differ.

    `lines` are the first samples of all bars and the end. A bar must be the same bits throughout or differ by more than -30 dB; around
    its lines the fades of its neighbours and `slack` samples more are left out.
    """
    margin = int(np.ceil(FADE_SECONDS * rate)) + slack
    changed = []
    for number, (start, end) in enumerate(zip(lines, lines[1:]), 1):
        before, after = dry[:, start + margin : end - margin], wet[:, start + margin : end - margin]
        if np.array_equal(before, after):
            continue
        power = np.mean((after.astype(float) - before) ** 2) / np.mean(before.astype(float) ** 2)
        check(power > 1e-3, f"bar {number} is neither the same nor changed: {10 * np.log10(power):.1f} dB")
        changed.append(number)
    return changed


class Log:
    """The file of JSON lines that TURNAROUND_LOG names. Made before the plugin is loaded."""

    def __init__(self, path):
        self.path = path
        if os.path.exists(path):
            os.remove(path)
        os.environ["TURNAROUND_LOG"] = path

    def lines(self, event):
        if not os.path.exists(self.path):
            return []
        with open(self.path) as file:
            whole = [line for line in file if line.endswith("\n")]
        return [line for line in map(json.loads, whole) if line["ev"] == event]

    def wait_for_takes(self, anchors, seconds=120):
        """Until bars that begin at these beats have their takes, and the audio thread had time to hear of them."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready = [line["anchor"] for line in self.lines("take") if line["ok"]]
            if all(any(abs(anchor - found) < 0.01 for found in ready) for anchor in anchors):
                time.sleep(0.3)
                return
            time.sleep(0.02)
        sys.exit(f"no takes for the bars at beats {anchors} after {seconds} s; the log tells of {self.lines('take')}")


def check(is_so, what):
    """Ends the program with a sentence unless it is so."""
    if not is_so:
        sys.exit(f"FAILED: {what}")


def report(what):
    """One line of the result."""
    print(f"  {what}", flush=True)
