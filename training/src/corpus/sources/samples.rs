//! Recorded notes of two instruments: a plucked double bass and an upright piano, both CC0, mono, 22.05 kHz.

use std::io::Cursor;

use anyhow::{Context, Result, anyhow, ensure};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::archive::Archive;

/// The folders of the two sets in their archives.
pub const BASS_FOLDER: &str = "meatbass/";
/// See [`BASS_FOLDER`].
pub const PIANO_FOLDER: &str = "piano/";

/// Recordings of one note at one loudness: the same again, played several times.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The loudest velocity that takes this layer.
    pub most: u8,
    /// The recordings, -1..1.
    pub takes: Vec<Vec<f32>>,
}

/// All recordings of one note.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// MIDI pitch, with what the recording is off by in its fraction.
    pub pitch: f64,
    /// Layers by rising loudness.
    pub layers: Vec<Layer>,
}

/// An instrument made of recordings.
#[derive(Clone, Debug)]
pub struct SampleSet {
    /// Notes by rising pitch.
    pub notes: Vec<Recorded>,
    /// Samples per second.
    pub rate: u32,
    /// Seconds a released note takes to fade.
    pub release: f64,
}

impl SampleSet {
    /// The recording nearest to a pitch.
    pub fn nearest(&self, pitch: f64) -> &Recorded {
        let away = |note: &&Recorded| (note.pitch - pitch).abs();
        self.notes.iter().min_by(|a, b| away(a).total_cmp(&away(b))).expect("a sample set has notes")
    }
}

/// The bass: four loudnesses, four takes of each. Files are mapped by name; the lowest two notes are recorded out of tune.
pub fn bass(archive: &mut Archive) -> Result<SampleSet> {
    let place = |name: &str| -> Option<(f64, u8)> {
        let (note, rest) = name.strip_suffix(".flac")?.split_once("_vl")?;
        let pitch = f64::from(midi_pitch(note)?);
        let off = match note {
            "c1" => -0.35,
            "a0" => 0.1,
            _ => 0.0,
        };
        let layer: usize = rest.split_once('_')?.0.parse().ok()?;
        Some((pitch + off, *[50, 75, 100, 127].get(layer.checked_sub(1)?)?))
    };
    read(archive, BASS_FOLDER, place, 0.09)
}

/// The piano: two loudnesses.
pub fn piano(archive: &mut Archive) -> Result<SampleSet> {
    let place = |name: &str| -> Option<(f64, u8)> {
        let (note, layer) = name.strip_suffix(".flac")?.split_once('v')?;
        Some((f64::from(midi_pitch(note)?), if layer == "L" { 80 } else { 127 }))
    };
    read(archive, PIANO_FOLDER, place, 0.25)
}

/// `f#3` or `Gb3` as a MIDI pitch; c4 is 60.
fn midi_pitch(name: &str) -> Option<i32> {
    let octave_at = name.find(|character: char| character.is_ascii_digit())?;
    let mut capital = name[..octave_at].to_owned();
    capital[..1].make_ascii_uppercase();
    let (class, rest) = super::symbols::root(&capital)?;
    rest.is_empty().then_some(())?;
    Some(class + 12 * (name[octave_at..].parse::<i32>().ok()? + 1))
}

fn read(archive: &mut Archive, folder: &str, place: impl Fn(&str) -> Option<(f64, u8)>, release: f64) -> Result<SampleSet> {
    let mut notes: Vec<Recorded> = Vec::new();
    let mut found_rate = None;
    for name in archive.names(|name| name.starts_with(folder) && name.ends_with(".flac")) {
        let Some((pitch, most)) = place(&name[folder.len()..]) else { continue };
        let (samples, rate) = decode(archive.read(&name)?).with_context(|| format!("cannot read {name}"))?;
        ensure!(found_rate.is_none_or(|found| found == rate), "{name} has {rate} samples a second, others have another number");
        found_rate = Some(rate);
        let index = notes.iter().position(|note| note.pitch == pitch).unwrap_or_else(|| {
            notes.push(Recorded { pitch, layers: Vec::new() });
            notes.len() - 1
        });
        let layers = &mut notes[index].layers;
        match layers.iter_mut().find(|layer| layer.most == most) {
            Some(layer) => layer.takes.push(samples),
            None => layers.push(Layer { most, takes: vec![samples] }),
        }
    }
    notes.sort_by(|a, b| a.pitch.total_cmp(&b.pitch));
    notes.iter_mut().for_each(|note| note.layers.sort_by_key(|layer| layer.most));
    let rate = found_rate.with_context(|| format!("there are no recordings in {folder}"))?;
    Ok(SampleSet { notes, rate, release })
}

/// A FLAC file's first channel.
fn decode(content: Vec<u8>) -> Result<(Vec<f32>, u32)> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(content)), Default::default());
    let mut reader = symphonia::default::get_probe().probe(
        Hint::new().with_extension("flac"),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = reader.default_track(TrackType::Audio).context("there is no audio in it")?;
    let parameters = track.codec_params.as_ref().and_then(|all| all.audio()).context("there is no audio in it")?.clone();
    let rate = parameters.sample_rate.context("it does not tell its rate")?;
    let mut decoder = symphonia::default::get_codecs().make_audio_decoder(&parameters, &AudioDecoderOptions::default())?;
    let mut samples = Vec::new();
    let mut interleaved = Vec::new();
    while let Some(packet) = reader.next_packet()? {
        let buffer = decoder.decode(&packet).map_err(|error| anyhow!("it is damaged: {error}"))?;
        let channels = buffer.spec().channels().count().max(1);
        buffer.copy_to_vec_interleaved::<f32>(&mut interleaved);
        samples.extend(interleaved.chunks(channels).map(|frame| frame[0]));
    }
    Ok((samples, rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn note_names_are_read_in_both_spellings() {
        assert_eq!(midi_pitch("c4"), Some(60));
        assert_eq!(midi_pitch("a0"), Some(21));
        assert_eq!(midi_pitch("eb1"), Some(27));
        assert_eq!(midi_pitch("D#4"), Some(63));
        assert_eq!(midi_pitch("perc1"), None);
    }
}
