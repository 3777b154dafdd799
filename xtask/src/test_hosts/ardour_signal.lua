-- Plucked notes without end, four in a second, each another one.
ardour {
	["type"]    = "dsp",
	name        = "Turnaround Signal",
	category    = "Instrument",
	license     = "MIT",
	author      = "Turnaround",
	description = [[Plays notes to try a plugin with.]]
}

function dsp_ioconfig ()
	return { { audio_in = -1, audio_out = -1 } }
end

local place = 0

function dsp_init (rate)
	sample_rate = rate
end

-- One note with two partials and a short scratch at its beginning.
local function sample_at (place)
	local note = sample_rate // 4
	local number, n = place // note, place % note
	local hertz = 110 * 2 ^ (((number * 7) % 24) / 12)
	local turn, fade = 2 * math.pi * hertz * n / sample_rate, math.exp (-12 * n / sample_rate)
	local scratch = ((place * 1103515245 + 12345) % 65536) / 65536 - 0.5
	return 0.25 * fade * (math.sin (turn) + 0.5 * math.sin (3 * turn)) + 0.2 * scratch * math.max (0, 1 - 40 * n / sample_rate)
end

function dsp_run (ins, outs, n_samples)
	local left, right = {}, {}
	for n = 1, n_samples do
		local sample = sample_at (place)
		left[n], right[n] = sample, 0.7 * sample
		place = place + 1
	end
	for channel = 1, #outs do
		outs[channel]:set_table (channel == 1 and left or right, n_samples)
	end
end
