//! Everything that is not WAV: FLAC, OGG/Vorbis and MP3, through symphonia.

use std::io::Cursor;
use std::path::Path;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::sample::SampleFormat;
use super::{AudioFileError, Planar};

/// Decodes a whole file; with the codec's name and the format its sound is rounded to and will be written with.
pub(super) fn decode(path: &Path, bytes: Vec<u8>) -> Result<(Planar, String, SampleFormat), AudioFileError> {
    let (mut planar, codec, bits) = try_decode(path, bytes).map_err(|reason| {
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        AudioFileError::Unreadable { path: path.to_path_buf(), reason }
    })?;
    let format = SampleFormat::Whole { bits: if bits.is_some_and(|bits| bits <= 16) { 16 } else { 24 } };
    for sample in planar.channels.iter_mut().flatten() {
        // What is no number stays none, and is refused with its place.
        if sample.is_finite() {
            *sample = format.rounded(*sample);
        }
    }
    Ok((planar, codec, format))
}

/// The sound, the codec, and the bits of a lossless one.
fn try_decode(path: &Path, bytes: Vec<u8>) -> Result<(Planar, String, Option<u32>), String> {
    let words = |error: Error| error.to_string();
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|_| "it is no WAV, FLAC, OGG/Vorbis or MP3 file".to_owned())?;
    let track = format.default_track(TrackType::Audio).ok_or("it holds no sound")?;
    let (track_id, promised) = (track.id, track.num_frames);
    let parameters =
        track.codec_params.as_ref().and_then(|parameters| parameters.audio()).ok_or("its codec is not known")?.clone();
    let codecs = symphonia::default::get_codecs();
    let codec = codecs.get_audio_decoder(parameters.codec).map_or("unknown", |codec| codec.codec.info.short_name).to_owned();
    let mut decoder = codecs.make_audio_decoder(&parameters, &AudioDecoderOptions::default()).map_err(words)?;

    let mut planar = Planar { hz: parameters.sample_rate.unwrap_or(0), channels: Vec::new() };
    let mut interleaved: Vec<f32> = Vec::new();
    while let Some(packet) = format.next_packet().map_err(words)? {
        if packet.track_id != track_id {
            continue;
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            // Tags and torn first frames are common between the frames of an MP3; its decoder takes up again behind them.
            Err(Error::DecodeError(_)) if codec == "mp3" => continue,
            Err(error) => return Err(words(error)),
        };
        let (hz, count) = (buffer.spec().rate(), buffer.spec().channels().count());
        if planar.channels.is_empty() {
            planar = Planar { hz, channels: vec![Vec::new(); count] };
        }
        if (planar.hz, planar.channels.len()) != (hz, count) {
            return Err("its rate or channels change within".to_owned());
        }
        buffer.copy_to_vec_interleaved(&mut interleaved);
        for (index, channel) in planar.channels.iter_mut().enumerate() {
            channel.extend(interleaved.iter().skip(index).step_by(count));
        }
    }
    if planar.channels.is_empty() {
        return Err("it holds no sound".to_owned());
    }
    if codec != "flac" {
        return Ok((planar, codec, None));
    }
    // FLAC says exactly how long it is; the others only about.
    let found = planar.channels[0].len() as u64;
    match promised {
        Some(promised) if found < promised => Err(format!("it is cut short: {promised} samples are promised, {found} are there")),
        _ => Ok((planar, codec, parameters.bits_per_sample)),
    }
}
