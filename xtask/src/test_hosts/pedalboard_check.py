"""pedalboard: loading, parameters, state, and a transport that never moves.

usage: pedalboard_check.py BUNDLE.vst3
"""

import sys

import numpy as np
import pedalboard

from listening import check, music, report

plugin = pedalboard.load_plugin(sys.argv[1])
check(plugin.is_effect, "it is an effect")
names = list(plugin.parameters)
knobs = [f"action_{slot:02}" for slot in range(1, 65)]
check(all(name in names for name in [*knobs, "regenerate", "strength", "seed"]), f"all parameters are there: {names}")

plugin.regenerate = True
plugin.parameters["action_01"].raw_value = 1.0
for rate in (22_050, 44_100, 48_000, 96_000, 192_000):
    for block in (64, 512, 8192):
        sound = music(rate, 1.0, 2)
        out = plugin.process(sound, rate, buffer_size=block, reset=True)
        check(np.array_equal(sound, out), f"nothing changes while the transport stands, at {rate} Hz in blocks of {block}")
report("without a moving transport: bit-exact at 5 rates in 3 block sizes")

before = {name: parameter.raw_value for name, parameter in plugin.parameters.items()}
state = plugin.raw_state
plugin.regenerate = False
plugin.parameters["action_01"].raw_value = 0.0
plugin.raw_state = state
after = {name: parameter.raw_value for name, parameter in plugin.parameters.items()}
check(before == after, f"a state brings back {len(before)} parameters")
fresh = pedalboard.load_plugin(sys.argv[1])
fresh.raw_state = state
check({name: parameter.raw_value for name, parameter in fresh.parameters.items()} == before, "in another instance as well")
report(f"{len(before)} parameters come back with a state of {len(state)} bytes, in the same and in a fresh instance")
