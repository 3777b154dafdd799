//! Bars as files that carry their place, for a host's "insert at time stamp".
//!
//! What is written is what plays: the same player goes over the captured bars.
//!
//! **Thread.** Worker.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use turnaround_core::audio::Audio;
use turnaround_core::time::SampleRate;
use turnaround_engine::audio_file::broadcast::{self, BroadcastStamp, Date, Format};

use super::bar::{Bar, Need, Source, position_of};
use crate::spec::BarKey;
use crate::timeline::{Player, Span, Spans, Voice};

/// Writes every unbroken row of the chosen bars, or of all that were heard, as one file; their paths.
///
/// # Errors
/// Words: nothing to write, damaged sound, or a file that cannot be written.
pub fn write(bars: &BTreeMap<BarKey, Bar>, chosen: Option<&[BarKey]>, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let is_chosen = |key: &BarKey| chosen.is_none_or(|chosen| chosen.contains(key));
    let heard: Vec<&Bar> = bars.iter().filter(|(key, bar)| is_chosen(key) && bar.source.is_some()).map(|(_, bar)| bar).collect();
    if heard.is_empty() {
        return Err("none of these bars was heard yet; play them once".into());
    }
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    heard.chunk_by(|a, b| follows(a, b)).map(|row| write_row(row, folder)).collect()
}

/// Whether `b` goes on where `a` ends, at one rate.
fn follows(a: &Bar, b: &Bar) -> bool {
    let rate = |bar: &Bar| bar.source.as_ref().map(|source| source.sound.rate());
    a.stamp.next_key() == b.stamp.key && rate(a) == rate(b)
}

fn write_row(row: &[&Bar], folder: &Path) -> Result<PathBuf, String> {
    let audio = render(row)?;
    let (first, last) = (row[0].stamp, row[row.len() - 1].stamp);
    let name = if first.number == last.number {
        format!("bar {}", first.number)
    } else {
        format!("bars {}-{}", first.number, last.number)
    };
    let path = folder.join(format!("Turnaround {name}.wav"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let stamp = BroadcastStamp {
        time_reference: position_of(&first, audio.rate()),
        description: &format!("{name}, {} bpm, {}", first.tempo.bpm(), first.metre),
        reference: &format!("turnaround-{}-{now}", first.key.raw()),
        made: Date::utc(now),
    };
    broadcast::write(&path, &audio, &stamp, Format::Whole24).map_err(|error| error.to_string())?;
    Ok(path)
}

/// A row of bars as it plays.
fn render(row: &[&Bar]) -> Result<Audio, String> {
    let (mut left, mut right, mut spans, mut rate) = (Vec::new(), Vec::new(), Spans::new(), None);
    let mut takes: BTreeMap<BarKey, Voice> = BTreeMap::new();
    for bar in row {
        let source: &Source = bar.source.as_ref().ok_or("a bar was never heard")?;
        let dry = source.bar().map_err(|error| error.to_string())?;
        let start = left.len() as u64;
        left.extend_from_slice(dry.channel(0));
        right.extend_from_slice(dry.channel(1));
        let length = dry.len() as i64;
        spans.push(Span { start, end: left.len() as u64, bar: bar.stamp, since_line: 0, length, is_cut: false });
        if let (Need::Ready, Some(mut take)) = (bar.need(), bar.take.clone()) {
            take.prepare(dry.rate())?;
            takes.insert(bar.stamp.key, (take.ready, bar.spec().playing));
        }
        rate = Some(dry.rate());
    }
    let rate: SampleRate = rate.ok_or("there is no bar")?;
    Player::new(rate).render(&spans, 0, &mut left, &mut right, &mut |key| takes.get(&key).cloned());
    Audio::stereo(rate, left, right).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use turnaround_core::bars::BarNumber;
    use turnaround_core::time::{Beats, Metre, Samples, Tempo};
    use turnaround_engine::audio_file::AudioFile;

    use crate::sound::Sound;
    use crate::spec::{BarSpec, BarStamp};
    use crate::take::Likeness;
    use crate::worker::bar::{KeptTake, Recipe};

    const BAR: usize = 16_000;

    fn rate() -> SampleRate {
        SampleRate::new(8_000).unwrap()
    }

    fn bar(number: i64, take: Option<f32>) -> (BarKey, Bar) {
        let anchor = Beats::new(4.0 * (number - 1) as f64);
        let stamp = BarStamp {
            key: BarKey::new(anchor),
            anchor,
            number: BarNumber::new(number),
            metre: Metre::FOUR_FOUR,
            tempo: Tempo::new(120.0).unwrap(),
            revision: Default::default(),
            position: (number > 1).then(|| Samples::new((number - 1) * BAR as i64 + 7)),
        };
        let mut bar = Bar::new(stamp);
        let even = |value: f32, length: usize| Audio::stereo(rate(), vec![value; length], vec![value; length]).unwrap();
        bar.source = Some(Source::new(&even(0.25, BAR), 0, BAR).unwrap());
        if let Some(value) = take {
            let spec = BarSpec { regenerate: true, ..BarSpec::default() };
            bar.latched = Some(spec);
            let Need::Making(Recipe { making, source }) = bar.need() else { panic!() };
            let sound = Arc::new(Sound::pack(&even(value, 160 + BAR)).unwrap());
            bar.take = Some(KeptTake::new(Recipe { making, source }, "a set".into(), sound, Likeness::default()).unwrap());
        }
        (stamp.key, bar)
    }

    #[test]
    fn rows_of_bars_are_written_as_they_play_with_their_place() {
        let bars: BTreeMap<BarKey, Bar> = [bar(1, None), bar(2, Some(0.5)), bar(3, None), bar(9, None)].into();
        let folder = std::env::temp_dir().join(format!("turnaround-export-{}", std::process::id()));
        let files = write(&bars, None, &folder).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(names, ["Turnaround bars 1-3.wav", "Turnaround bar 9.wav"]);
        let audio = AudioFile::read(&files[0]).unwrap().audio().clone();
        assert_eq!(audio.len(), 3 * BAR);
        let channel = audio.channel(0);
        assert!(channel[..BAR - 160].iter().all(|&x| x == 0.25) && channel[2 * BAR..].iter().all(|&x| x == 0.25));
        assert!(channel[BAR..2 * BAR - 160].iter().all(|&x| x == 0.5));
        // The time reference of EBU Tech 3285: 338 bytes into the chunk.
        let reference = |file: &Path| {
            let bytes = std::fs::read(file).unwrap();
            let chunk = bytes.windows(4).position(|four| four == b"bext").unwrap() + 8;
            u64::from_le_bytes(bytes[chunk + 338..chunk + 346].try_into().unwrap())
        };
        assert_eq!((reference(&files[0]), reference(&files[1])), (0, 8 * BAR as u64 + 7));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn bars_that_were_never_heard_are_told_and_nothing_is_written() {
        let folder = std::env::temp_dir().join("turnaround-export-nothing");
        assert!(write(&BTreeMap::new(), None, &folder).unwrap_err().contains("play them once"));
        assert!(!folder.exists());
    }
}
