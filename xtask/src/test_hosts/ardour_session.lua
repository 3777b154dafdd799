-- A session in headless Ardour: one track with a recording and the plugin, "Regenerate" automated bar by bar, rolled once in real time.
-- A snapshot "dry" is kept from before the plugin was there.
--
-- usage: ardour7-lua ardour_session.lua FOLDER NAME BPM BEATS_PER_BAR BARS SELECTED
-- SELECTED: numbers of bars between commas.

local folder, name = arg[1], arg[2]
local bpm, beats, bars, selected = tonumber (arg[3]), tonumber (arg[4]), tonumber (arg[5]), "," .. arg[6] .. ","
local RATE = 48000

local function say (...)
	io.stderr:write ("session: ", string.format (...), "\n")
end

assert (create_session (folder, name, RATE), "the folder must not exist yet")

local map = Temporal.TempoMap.fetch_writable ()
map:set_tempo (Temporal.Tempo (bpm, bpm, 4), Temporal.timepos_t (0))
map:set_meter (Temporal.Meter (beats, 4), Temporal.timepos_t (0))
Temporal.TempoMap.update (map)
map = nil

local track = Session:new_audio_track (
	2, 2, nil, 1, "music", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true):front ()
local source = ARDOUR.LuaAPI.new_luaproc (Session, "Turnaround Signal")
assert (not source:isnil (), "the source is not among Ardour's scripts")
track:add_processor_by_index (source, 0, nil, true)
sleep (0.5)
-- The recording: what the source plays now, as a region from bar 1 on.
local bar = 60 / bpm * RATE * beats
local recording = track:bounce_range (0, math.floor ((bars + 2) * bar), ARDOUR.InterThreadInfo (), source, true, "recording")
assert (not recording:isnil (), "the source is recorded")
track:remove_processor (source, nil, true)
track:playlist ():add_region (recording, Temporal.timepos_t (0), 1, false, 0, 0, false)
Session:save_state ("dry")
local plugin = ARDOUR.LuaAPI.new_plugin (Session, "Turnaround", ARDOUR.PluginType.VST3, "")
assert (not plugin:isnil (), "the plugin is not among those that Ardour has scanned")
track:add_processor_by_index (plugin, 1, nil, true)

local inside = plugin:to_insert ():plugin (0)
local regenerate = nil
for number = 0, inside:parameter_count () - 1 do
	if inside:parameter_label (number) == "Regenerate" then regenerate = number end
end
assert (regenerate, "there is no parameter Regenerate")
say ("plugin %s with %d parameters", inside:name (), inside:parameter_count ())

-- Steps: without this Ardour draws a line from each point to the next.
local _, list, range = ARDOUR.LuaAPI.plugin_automation (plugin, regenerate)
list:set_interpolation (Evoral.InterpolationStyle.Discrete)
for number = 1, bars do
	local is_selected = selected:find ("," .. number .. ",", 1, true) ~= nil
	local value = is_selected and range.upper or range.lower
	list:add (Temporal.timepos_t (math.floor ((number - 1) * bar + 0.5)), value, false, false)
	list:add (Temporal.timepos_t (math.floor (number * bar + 0.5) - 1), value, false, false)
end
local control = plugin:to_automatable ():automation_control (
	Evoral.Parameter (ARDOUR.AutomationType.PluginAutomation, 0, regenerate), true)
control:set_automation_state (ARDOUR.AutoState.Play)
Session:save_state ("")
sleep (0.5)

Session:request_locate (
	0, false, ARDOUR.LocateTransportDisposition.MustStop, ARDOUR.TransportRequestSource.TRS_UI)
sleep (0.5)
Session:request_roll (ARDOUR.TransportRequestSource.TRS_UI)
sleep (bars * bar / RATE + 1)
say ("rolled to sample %.0f of %.0f", Session:transport_sample (), bars * bar)
Session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)
-- Time for the takes; the state that is saved next holds them.
sleep (tonumber (os.getenv ("TURNAROUND_SETTLE_SECONDS") or 5))
Session:save_state ("")
sleep (1)
say ("saved")
-- Without closing the session: Ardour 7.3 sometimes aborts there.
os.exit (0)
