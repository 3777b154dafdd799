"""DawDreamer: automation, two renders, and a tempo map.

usage: dawdreamer_check.py BUNDLE.vst3 WORK_FOLDER
"""

import os
import sys

import numpy as np

from listening import Log, changed_bars, check, music, report

bundle, work = sys.argv[1:3]
log = Log(os.path.join(work, "dawdreamer.jsonl"))

import dawdreamer  # noqa: E402  (after the log's name is known)

RATE, PPQN, BPM, BARS = 48_000, 960, 150.0, 8
TICKS = 4 * PPQN  # DawDreamer knows no metre but 4/4


def host(block, source):
    """An engine that plays `source` through the plugin: engine, plugin, and what tells a parameter's number by its name."""
    engine = dawdreamer.RenderEngine(RATE, block)
    player = engine.make_playback_processor("player", source)
    plugin = engine.make_plugin_processor("plugin", bundle)
    engine.load_graph([(player, []), (plugin, ["player"])])
    numbers = {parameter["name"]: parameter["index"] for parameter in plugin.get_parameters_description()}
    return engine, plugin, numbers


def one_value_a_bar(values):
    return np.repeat(np.array(values, dtype=np.float32), TICKS)


def render(engine, samples):
    engine.render(samples / RATE)
    return engine.get_audio()[:, :samples]


def automation_and_renders(block, selected):
    bar = 4 * 60 / BPM
    source = music(RATE, bar, BARS)
    lines = [round(number * bar * RATE) for number in range(BARS + 1)]
    engine, plugin, numbers = host(block, source)
    engine.set_bpm(BPM)
    check(plugin.get_latency_samples() == 0, "the plugin reports no delay")
    weights = [number / 8 for number in range(BARS)]
    plugin.set_automation(numbers["Regenerate"], one_value_a_bar([float(n in selected) for n in range(1, BARS + 1)]), ppqn=PPQN)
    plugin.set_automation(numbers["Action 01"], one_value_a_bar(weights), ppqn=PPQN)

    first = render(engine, lines[-1])
    check(changed_bars(source, first, lines, RATE) == [], "the first render is dry")
    latched = [(line["anchor"], line["regenerate"], dict(line["actions"]).get(0, 0)) for line in log.lines("latch")[-BARS:]]
    expected = [(4.0 * n, n + 1 in selected, weights[n]) for n in range(BARS)]
    check(latched == expected, f"every bar is read its own values: {latched}, not {expected}")
    log.wait_for_takes([4.0 * (number - 1) for number in selected])

    second = render(engine, lines[-1])
    found = changed_bars(source, second, lines, RATE)
    check(found == selected, f"bars {selected} change in the second render, not {found}")
    third = render(engine, lines[-1])
    check(np.array_equal(second, third), "a third render is the second, bit by bit")
    report(f"blocks of {block}: {BARS} bars read their own values, bars {found} changed, the others bit-exact, renders equal")


def tempo_map():
    bars, block, selected = 6, 512, [4]
    # Bars 1 and 2 at 150, then 120.
    lines = [round(RATE * at) for at in np.cumsum([0, 1.6, 1.6, 2, 2, 2, 2])]
    source = music(RATE, lines[-1] / RATE / bars, bars)
    engine, plugin, numbers = host(block, source)
    engine.set_bpm(np.concatenate([np.full(2 * TICKS, 150.0), np.full(5 * TICKS, 120.0)]).astype(np.float32), PPQN)
    values = [float(number in selected) for number in range(1, bars + 2)]
    plugin.set_automation(numbers["Regenerate"], one_value_a_bar(values), ppqn=PPQN)
    heard = len(log.lines("bar"))
    first = render(engine, lines[-1])
    check(changed_bars(source, first, lines, RATE, 2 * block) == [], "the first render is dry")
    log.wait_for_takes([4.0 * (number - 1) for number in selected])
    found = {line["anchor"]: line["length"] for line in log.lines("bar")[heard:]}
    for number, length in [(1, 76_800), (4, 96_000), (5, 96_000)]:
        check(found.get(4.0 * (number - 1)) == length, f"bar {number} lasts {length} samples: {found}")
    second = render(engine, lines[-1])
    # DawDreamer tells of another tempo with the next block only, so later lines lie up to a block beside the map's.
    changed = changed_bars(source, second, lines, RATE, 2 * block)
    check(changed == selected, f"bars {selected} change under the tempo map, not {changed}")
    report(f"tempo map 150 to 120: bar {changed[0]} changed, the others bit-exact")


for size in (512, 64, 2048):
    automation_and_renders(size, [3, 6])
tempo_map()
