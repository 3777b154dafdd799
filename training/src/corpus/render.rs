//! From notes to audio: a SoundFont player, the mix, and the model's rate.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use turnaround_core::contract::sha256_hex;
use turnaround_core::resample::resample;
use turnaround_core::time::SampleRate;

use super::recorded;
use super::score::ensemble::Recording;
use super::score::note::Role;
use super::score::{Materials, Part, Piece};
use super::sources::Sources;
use super::sources::samples::SampleSet;

/// Where Debian puts General MIDI SoundFonts this player can read, best first.
pub const DEBIAN_SOUNDFONTS: [&str; 3] =
    ["/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/TimGM6mb.sf2", "/usr/share/sounds/sf2/default-GM.sf2"];

/// The rate the corpus is played at before it is brought down to the model's.
pub const PLAYED_HZ: u32 = 44_100;

/// Audio goes on this long after the last bar line, in seconds.
pub const TAIL_SECONDS: f64 = 1.5;

/// A loaded SoundFont, and recorded notes where there are some; shared by all threads.
#[derive(Clone, Debug)]
pub struct Player {
    font: Arc<SoundFont>,
    bass: Option<Arc<SampleSet>>,
    piano: Option<Arc<SampleSet>>,
    /// File name.
    pub name: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
}

impl Player {
    /// Loads `path`, or where that is `None` the first SoundFont Debian has installed. Fails when there is none, naming the
    /// package that brings one.
    pub fn load(path: Option<&Path>) -> Result<Self> {
        let path = match path {
            Some(path) => path.to_path_buf(),
            None => find_soundfont(&DEBIAN_SOUNDFONTS)?,
        };
        let content = std::fs::read(&path).with_context(|| format!("cannot read the SoundFont {}", path.display()))?;
        let sha256 = sha256_hex(&content);
        drop(content);
        let file = File::open(&path).with_context(|| format!("cannot open the SoundFont {}", path.display()))?;
        let font = SoundFont::new(&mut BufReader::new(file))
            .map_err(|error| anyhow!("{} is not a SoundFont this player reads ({error}); give an .sf2 file", path.display()))?;
        // A default may be a link: what it leads to has the name that tells the licence.
        let path = path.canonicalize().unwrap_or(path);
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Self { font: Arc::new(font), bass: None, piano: None, name, sha256 })
    }

    /// The same with the recorded notes of the sources, which are taken out of them.
    pub fn with_recordings(self, sources: &mut Sources) -> Self {
        Self { bass: sources.bass.take().map(Arc::new), piano: sources.piano.take().map(Arc::new), ..self }
    }

    /// What a piece may use of the sources, now that recordings are here.
    pub fn materials<'a>(&self, sources: &'a Sources) -> Materials<'a> {
        Materials { bass: self.bass.is_some(), piano: self.piano.is_some(), ..sources.materials() }
    }

    /// True for a SoundFont that is known to be under the GPL: it may make copyleft corpora only.
    pub fn is_copyleft(&self) -> bool {
        self.name.to_lowercase().contains("timgm6mb")
    }

    fn recording(&self, part: &Part) -> Option<&SampleSet> {
        match part.recording? {
            Recording::Bass => self.bass.as_deref(),
            Recording::Piano => self.piano.as_deref(),
        }
    }

    /// Plays a piece to stereo at `rate`, from the start of its offset to [`TAIL_SECONDS`] after its last bar. Parts are balanced
    /// by how loud they sound, so that a soft kit is no softer than a hard one; peak is the piece's own.
    pub fn stereo(&self, piece: &Piece, rate: SampleRate) -> Result<[Vec<f32>; 2]> {
        let length = ((piece.duration().get() + TAIL_SECONDS) * f64::from(rate.hz())).ceil() as usize;
        let mut mix = [vec![0.0; length], vec![0.0; length]];
        for part in piece.parts.iter().filter(|part| !part.notes.is_empty()) {
            let stem = match self.recording(part) {
                Some(set) => recorded::stem(set, piece, part, rate, length),
                None => self.stem(piece, part, rate, length)?,
            };
            let gain = 10_f64.powf((f64::from(part.level_db) - loudness_db(&stem, rate)) / 20.0) as f32;
            for (mixed, played) in mix.iter_mut().zip(&stem) {
                mixed.iter_mut().zip(played).for_each(|(mixed, played)| *mixed += gain * played);
            }
        }
        normalise(&mut mix, piece.peak)?;
        Ok(mix)
    }

    /// One part alone, at the SoundFont's own level.
    fn stem(&self, piece: &Piece, part: &Part, rate: SampleRate, length: usize) -> Result<[Vec<f32>; 2]> {
        let mut settings = SynthesizerSettings::new(rate.hz() as i32);
        settings.maximum_polyphony = 96;
        let mut synthesizer = Synthesizer::new(&self.font, &settings)
            .map_err(|error| anyhow!("the SoundFont player refuses {} Hz: {error}", rate.hz()))?;
        seat(&mut synthesizer, piece, part);
        let [mut left, mut right] = [vec![0.0; length], vec![0.0; length]];
        let mut at = 0;
        for event in events(piece, part, rate) {
            let until = event.sample.min(length);
            synthesizer.render(&mut left[at..until], &mut right[at..until]);
            at = until;
            event.send(&mut synthesizer);
        }
        synthesizer.render(&mut left[at..], &mut right[at..]);
        Ok([left, right])
    }

    /// Plays a piece to the model's rate: mono, 16 kHz, the channels' mean, peak the piece's own.
    pub fn mono_at_model_rate(&self, piece: &Piece) -> Result<Vec<f32>> {
        let played = SampleRate::new(PLAYED_HZ).context("44.1 kHz is a rate")?;
        let [left, right] = self.stereo(piece, played)?;
        let mid: Vec<f32> = left.iter().zip(&right).map(|(left, right)| 0.5 * (left + right)).collect();
        let mut mono = resample(&mid, played, SampleRate::MODEL)?;
        let peak = peak(&mono);
        ensure!(peak > 0.0, "{} is silent: does the SoundFont have General MIDI instruments?", piece.title);
        for sample in &mut mono {
            *sample *= piece.peak / peak;
        }
        Ok(mono)
    }
}

/// The first of `candidates` that exists.
pub fn find_soundfont(candidates: &[&str]) -> Result<PathBuf> {
    match candidates.iter().map(Path::new).find(|path| path.exists()) {
        Some(path) => Ok(path.to_path_buf()),
        None => bail!(
            "no SoundFont found: install one with `apt install fluid-soundfont-gm` (or `timgm6mb-soundfont`), or name an .sf2 file"
        ),
    }
}

/// Programme, pan, reverb and tuning.
fn seat(synthesizer: &mut Synthesizer, piece: &Piece, part: &Part) {
    let channel = i32::from(part.role.channel());
    let mut control = |number: i32, value: u8| synthesizer.process_midi_message(channel, 0xB0, number, i32::from(value));
    control(10, part.pan);
    control(91, part.reverb);
    if part.role != Role::Drums {
        let tune = (8192.0 * (1.0 + piece.tuning_cents / 100.0)).round().clamp(0.0, 16383.0) as u16;
        control(101, 0);
        control(100, 1);
        control(6, (tune >> 7) as u8);
        control(38, (tune & 0x7F) as u8);
    }
    synthesizer.process_midi_message(channel, 0xC0, i32::from(part.instrument.programme), 0);
}

/// A note beginning or ending.
struct Event {
    sample: usize,
    channel: i32,
    pitch: i32,
    /// 0 ends the note.
    velocity: i32,
}

impl Event {
    fn send(&self, synthesizer: &mut Synthesizer) {
        if self.velocity == 0 {
            synthesizer.note_off(self.channel, self.pitch);
        } else {
            synthesizer.note_on(self.channel, self.pitch, self.velocity);
        }
    }
}

/// A part's events by time; where one note ends as another begins, the end comes first.
fn events(piece: &Piece, part: &Part, rate: SampleRate) -> Vec<Event> {
    let map = piece.tempo_map();
    let sample = |beats| rate.samples_from(map.seconds_at(beats)).get().max(0) as usize;
    let channel = i32::from(part.role.channel());
    let mut events = Vec::new();
    for note in &part.notes {
        let pitch = i32::from(note.pitch);
        let (start, end) = (sample(note.onset), sample(note.onset + note.duration));
        events.push(Event { sample: start, channel, pitch, velocity: i32::from(note.velocity) });
        events.push(Event { sample: end.max(start + 1), channel, pitch, velocity: 0 });
    }
    events.sort_by_key(|event| (event.sample, event.velocity > 0, event.pitch));
    events
}

/// How loud a stem is where it plays: the mean energy, in decibels, of its 100 ms frames that come within 25 dB of the loudest.
fn loudness_db(stem: &[Vec<f32>; 2], rate: SampleRate) -> f64 {
    let frame = rate.hz() as usize / 10;
    let energy = |frame: &[f32]| frame.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / frame.len() as f64;
    let frames: Vec<f64> =
        stem[0].chunks(frame).zip(stem[1].chunks(frame)).map(|(left, right)| energy(left) + energy(right)).collect();
    let loudest = frames.iter().copied().fold(1e-12, f64::max);
    let active: Vec<f64> = frames.into_iter().filter(|energy| *energy > loudest * 10_f64.powf(-2.5)).collect();
    10.0 * (active.iter().sum::<f64>().max(1e-12) / active.len().max(1) as f64).log10()
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

fn normalise(channels: &mut [Vec<f32>; 2], wanted: f32) -> Result<()> {
    let loudest = peak(&channels[0]).max(peak(&channels[1]));
    ensure!(loudest > 0.0 && loudest.is_finite(), "the render is silent: does the SoundFont have General MIDI instruments?");
    channels.iter_mut().flatten().for_each(|sample| *sample *= wanted / loudest);
    Ok(())
}
