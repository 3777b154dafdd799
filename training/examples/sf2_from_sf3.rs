//! Makes a plain SoundFont of one whose samples are Vorbis: `cargo run -p turnaround-training --features export --example sf2_from_sf3 --
//! IN.sf3 OUT.sf2`. The renderer reads the former only; fonts of the latter kind serve as timbres that no training has heard.
//!
//! An sf3 file is an sf2 file but for three things (as MuseScore and FluidSynth have it): samples are Ogg/Vorbis streams, their headers
//! count bytes where sf2 counts samples, and loops count from the start of their own sample.

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use turnaround_engine::audio_file::AudioFile;

/// Bytes of a sample header, and where its numbers stand in it.
const HEADER: usize = 46;
const START: usize = 20;
const END: usize = 24;
const LOOP_START: usize = 28;
const LOOP_END: usize = 32;
const KIND: usize = 44;

/// The bit of a sample's kind that says Vorbis.
const VORBIS: u16 = 0x10;

/// Silent samples that sf2 wants behind each sample.
const GUARD: usize = 46;

/// A named stretch of a RIFF file.
struct Chunk<'a> {
    name: &'a [u8],
    content: &'a [u8],
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: sf2_from_sf3 IN.sf3 OUT.sf2");
        return ExitCode::from(2);
    };
    match convert(Path::new(from), Path::new(to)) {
        Ok(samples) => {
            println!("{samples} samples");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("sf2_from_sf3: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn convert(from: &Path, to: &Path) -> Result<usize> {
    let file = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    ensure!(file.len() > 12 && &file[..4] == b"RIFF" && &file[8..12] == b"sfbk", "{} is no SoundFont", from.display());
    let top = chunks(&file[12..])?;
    let inside = |kind: &[u8]| -> Result<Vec<Chunk<'_>>> {
        let list = top.iter().find(|chunk| chunk.name == b"LIST" && chunk.content.starts_with(kind));
        chunks(&list.with_context(|| format!("the font has no list {}", String::from_utf8_lossy(kind)))?.content[4..])
    };
    let (info, sounds, presets) = (inside(b"INFO")?, inside(b"sdta")?, inside(b"pdta")?);
    let streams = sounds.iter().find(|chunk| chunk.name == b"smpl").context("the font has no samples")?.content;
    let headers = presets.iter().find(|chunk| chunk.name == b"shdr").context("the font has no sample headers")?.content;

    let mut pcm = Vec::new();
    let mut rewritten = headers.to_vec();
    // The last header only ends the list.
    let real = (headers.len() / HEADER).saturating_sub(1);
    let decoded: Vec<Vec<i16>> =
        headers[..real * HEADER].par_chunks_exact(HEADER).map(|header| decode(header, streams)).collect::<Result<_>>()?;
    for (header, sound) in rewritten.chunks_exact_mut(HEADER).zip(&decoded) {
        let start = pcm.len() as u32;
        let end = start + sound.len() as u32;
        let looped = |at: usize, header: &[u8]| (start + number(header, at)).min(end);
        let (loop_start, loop_end) = (looped(LOOP_START, header), looped(LOOP_END, header));
        for (at, value) in [(START, start), (END, end), (LOOP_START, loop_start), (LOOP_END, loop_end)] {
            header[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        let kind = u16::from_le_bytes([header[KIND], header[KIND + 1]]) & !VORBIS;
        header[KIND..KIND + 2].copy_from_slice(&kind.to_le_bytes());
        pcm.extend_from_slice(sound);
        pcm.resize(pcm.len() + GUARD, 0);
    }
    let pcm: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();

    let mut lists =
        vec![list(b"INFO", &info, |chunk| if chunk.name == b"ifil" { vec![2, 0, 1, 0] } else { chunk.content.to_vec() })];
    lists.push(list(b"sdta", &sounds, |_| pcm.clone()));
    lists.push(list(b"pdta", &presets, |chunk| if chunk.name == b"shdr" { rewritten.clone() } else { chunk.content.to_vec() }));
    let mut body = b"sfbk".to_vec();
    lists.iter().for_each(|list| put(&mut body, b"LIST", list));
    let mut whole = Vec::new();
    put(&mut whole, b"RIFF", &body);
    fs::write(to, whole).with_context(|| format!("writing {}", to.display()))?;
    Ok(real)
}

/// One sample's sound.
fn decode(header: &[u8], streams: &[u8]) -> Result<Vec<i16>> {
    let name = String::from_utf8_lossy(&header[..START]).trim_end_matches('\0').to_owned();
    let (start, end) = (number(header, START) as usize, number(header, END) as usize);
    if u16::from_le_bytes([header[KIND], header[KIND + 1]]) & VORBIS == 0 {
        bail!("the sample {name} is not Vorbis: only fonts of one kind are read");
    }
    let stream = streams.get(start..end).with_context(|| format!("the sample {name} lies outside the file"))?;
    let audio =
        AudioFile::parse(Path::new("sample.ogg"), stream.to_vec()).with_context(|| format!("decoding the sample {name}"))?;
    Ok(audio.audio().channel(0).iter().map(|x| (x * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16).collect())
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The chunks that follow each other in `bytes`.
fn chunks(mut bytes: &[u8]) -> Result<Vec<Chunk<'_>>> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let length = number(bytes, 4) as usize;
        let content = bytes.get(8..8 + length).context("the file ends early")?;
        found.push(Chunk { name: &bytes[..4], content });
        // Chunks should begin at even places, but some writers of sf3 do not see to it. No name begins with a zero.
        let after = bytes.get(8 + length..).unwrap_or(&[]);
        bytes = if length % 2 == 1 && after.first() == Some(&0) { &after[1..] } else { after };
    }
    Ok(found)
}

fn list(kind: &[u8], chunks: &[Chunk<'_>], content: impl Fn(&Chunk<'_>) -> Vec<u8>) -> Vec<u8> {
    let mut list = kind.to_vec();
    chunks.iter().for_each(|chunk| put(&mut list, chunk.name, &content(chunk)));
    list
}

fn put(into: &mut Vec<u8>, name: &[u8], content: &[u8]) {
    into.extend_from_slice(name);
    into.extend((content.len() as u32).to_le_bytes());
    into.extend_from_slice(content);
    into.resize(into.len() + content.len() % 2, 0);
}
