//! Recordings: the user's, any file that symphonia decodes, as mono at the models' rate; and sounds of ours to listen to.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use hound::{SampleFormat, WavSpec, WavWriter};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use turnaround_core::resample::resample;
use turnaround_core::time::SampleRate;

/// Endings of files that are taken for recordings.
const ENDINGS: [&str; 11] = ["aac", "aif", "aiff", "flac", "m4a", "mp3", "mp4", "oga", "ogg", "wav", "wave"];

/// Every recording in a folder and the folders inside it, in order of their paths.
///
/// # Errors
/// When a folder cannot be read, or none holds a recording.
pub fn recordings(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    ensure!(!found.is_empty(), "{} holds no recording: none of {}", folder.display(), ENDINGS.join(", "));
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let cannot_read = || format!("cannot read the folder {}", folder.display());
    for entry in folder.read_dir().with_context(cannot_read)? {
        let path = entry.with_context(cannot_read)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        if path.is_dir() {
            collect(&path, found)?;
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            found.push(path);
        }
    }
    Ok(())
}

/// The mean of a file's channels at 16 kHz.
///
/// # Errors
/// When the file cannot be read or decoded, or holds no sound.
pub fn read(path: &Path) -> Result<Vec<f32>> {
    let (hz, mono) = decode(path).with_context(|| format!("{} cannot be decoded", path.display()))?;
    ensure!(mono.iter().all(|sample| sample.is_finite()), "{} holds samples that are no numbers", path.display());
    let rate = SampleRate::new(hz).with_context(|| format!("{} cannot be used", path.display()))?;
    Ok(resample(&mono, rate, SampleRate::MODEL)?)
}

/// The file's rate and the mean of its channels.
fn decode(path: &Path) -> Result<(u32, Vec<f32>)> {
    let mut hint = Hint::new();
    if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
        hint.with_extension(ending);
    }
    let stream = MediaSourceStream::new(Box::new(File::open(path)?), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|_| anyhow!("it is no recording of a known format"))?;
    let track = format.default_track(TrackType::Audio).context("it holds no sound")?;
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).context("its codec is not known")?;
    let mut decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default())?;

    let (mut hz, mut mono) = (None, Vec::new());
    let mut interleaved: Vec<f32> = Vec::new();
    while let Some(packet) = format.next_packet()? {
        if packet.track_id != id {
            continue;
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            // Tags and torn frames inside a stream: the decoder takes up again behind them.
            Err(Error::DecodeError(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
        if *hz.get_or_insert(rate) != rate || channels == 0 {
            bail!("its rate or channels change within");
        }
        buffer.copy_to_vec_interleaved(&mut interleaved);
        mono.extend(interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
    }
    Ok((hz.context("it holds no sound")?, mono))
}

/// Writes a mono sound as a 16-bit WAV file, for listening: what exceeds full scale is cut.
///
/// # Errors
/// When the file cannot be written.
pub fn write_wav(path: &Path, sound: &[f32], rate: SampleRate) -> Result<()> {
    let spec = WavSpec { channels: 1, sample_rate: rate.hz(), bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec).with_context(|| format!("writing {}", path.display()))?;
    for sample in sound {
        writer.write_sample((sample * 32767.0).round().clamp(-32768.0, 32767.0) as i16)?;
    }
    writer.finalize().with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_wav(path: &Path, hz: u32, channels: u16, samples: impl Iterator<Item = f32>) {
        let spec = hound::WavSpec { channels, sample_rate: hz, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut wav = hound::WavWriter::create(path, spec).expect("a temporary file");
        samples.for_each(|sample| wav.write_sample((sample * 32767.0) as i16).expect("a temporary file"));
        wav.finalize().expect("a temporary file");
    }

    #[test]
    fn a_stereo_file_comes_as_the_mean_of_its_channels_at_the_models_rate() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("tone.wav");
        let tone = |n: u32| (std::f32::consts::TAU * 440.0 * n as f32 / 44_100.0).sin();
        write_wav(&path, 44_100, 2, (0..44_100).flat_map(|n| [0.5 * tone(n), 0.3 * tone(n)]));
        let heard = read(&path).expect("a WAV file");
        assert_eq!(heard.len(), 16_000);
        for (n, sample) in heard.iter().enumerate().take(15_000).skip(1000) {
            let expected = 0.4 * (std::f32::consts::TAU * 440.0 * n as f32 / 16_000.0).sin();
            assert!((sample - expected).abs() < 1e-3, "sample {n} is {sample}, not {expected}");
        }
    }

    #[test]
    fn recordings_are_found_in_folders_and_other_files_are_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = recordings(folder.path()).expect_err("an empty folder").to_string();
        assert!(error.contains("holds no recording"), "{error}");
        std::fs::create_dir(folder.path().join("b")).expect("a temporary folder");
        for name in ["b/two.MP3", "a.flac", "notes.txt"] {
            std::fs::write(folder.path().join(name), "").expect("a temporary file");
        }
        let found = recordings(folder.path()).expect("two recordings");
        assert_eq!(found, [folder.path().join("a.flac"), folder.path().join("b/two.MP3")]);
        let error = format!("{:#}", read(&found[0]).expect_err("an empty file"));
        assert!(error.contains("a.flac cannot be decoded: it is no recording"), "{error}");
    }
}
