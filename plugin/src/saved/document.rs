//! The written form of a project.
//!
//! ```text
//! { "format": 1, "bars": [ { "anchor": beats, "number": n, "metre": "4/4", "tempo": bpm, "position": samples,
//!     "latched": spec, "pinned": spec,
//!     "source": { "id": hash, "lead": samples, "body": samples, "sound": SOUND },
//!     "take": { "making": values, "source": id, "set": name, "likeness": [start, end], "sound": SOUND } } ] }
//! SOUND: { "rate": Hz, "exponent": e, "samples": n, "sha256": hash, "flac": base64 }
//! ```
//!
//! Everything but a bar's place may be missing. Audio beyond [`INLINE`] bytes lies in a [`sidecar`](super::sidecar) file instead of `flac`.
//! What cannot be read is left out and told; the rest is loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use turnaround_core::bars::BarNumber;
use turnaround_core::time::{Beats, Metre, Samples, Tempo};

use super::sidecar;
use crate::sound::Sound;
use crate::spec::{BarKey, BarSpec, BarStamp, Making};
use crate::take::Likeness;
use crate::worker::{Bar, KeptTake, Recipe, Source};

/// The form's number; it rises when an older plugin would misunderstand it.
const FORMAT: u64 = 1;

/// Bytes of packed audio written into the state itself. Hosts keep state in their session files and load them whole.
const INLINE: usize = 8 << 20;

#[derive(Serialize, Deserialize)]
struct WrittenBar {
    anchor: f64,
    number: i64,
    metre: String,
    tempo: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct WrittenSource {
    id: String,
    lead: usize,
    body: usize,
    sound: WrittenSound,
}

#[derive(Serialize, Deserialize)]
struct WrittenTake {
    making: Making,
    source: String,
    set: String,
    likeness: [f32; 2],
    sound: WrittenSound,
}

#[derive(Serialize, Deserialize)]
struct WrittenSound {
    rate: u32,
    exponent: i32,
    samples: usize,
    sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flac: Option<String>,
}

/// Decides which audio is written into the state: takes before sources, for a source can be heard again.
struct Budget {
    left: usize,
}

impl Budget {
    fn write(&mut self, sound: &Sound) -> WrittenSound {
        let size = sound.flac().len();
        let is_inline = size <= self.left || sidecar::write(sound).is_err();
        if is_inline {
            self.left = self.left.saturating_sub(size);
        }
        WrittenSound {
            rate: sound.rate(),
            exponent: sound.exponent(),
            samples: sound.samples(),
            sha256: sound.hash().to_owned(),
            flac: is_inline.then(|| BASE64.encode(sound.flac())),
        }
    }
}

/// Writes a project down.
pub fn write(bars: &BTreeMap<BarKey, Bar>) -> Value {
    let mut budget = Budget { left: INLINE };
    let mut written: BTreeMap<BarKey, Value> = BTreeMap::new();
    for (key, bar) in bars {
        let is_worth_it = bar.latched.is_some() || bar.pinned.is_some() || bar.source.is_some() || bar.take.is_some();
        if is_worth_it {
            written.insert(*key, place(bar));
        }
    }
    for (key, bar) in bars {
        if let (Some(take), Some(written)) = (&bar.take, written.get_mut(key)) {
            written["take"] = json!(WrittenTake {
                making: take.recipe.making,
                source: take.recipe.source.clone(),
                set: take.set.clone(),
                likeness: [take.likeness.at_start, take.likeness.at_end],
                sound: budget.write(&take.sound),
            });
        }
    }
    // Bars that are asked for first: their sources are needed to make them again.
    let (asked, others): (Vec<_>, Vec<_>) = bars.iter().partition(|(_, bar)| bar.spec().regenerate);
    for (key, bar) in asked.into_iter().chain(others) {
        if let (Some(source), Some(written)) = (&bar.source, written.get_mut(key)) {
            written["source"] = json!(WrittenSource {
                id: source.id.clone(),
                lead: source.lead,
                body: source.body,
                sound: budget.write(&source.sound)
            });
        }
    }
    json!({"format": FORMAT, "bars": written.into_values().collect::<Vec<_>>()})
}

fn place(bar: &Bar) -> Value {
    let stamp = &bar.stamp;
    let mut place = json!(WrittenBar {
        anchor: stamp.anchor.get(),
        number: stamp.number.get(),
        metre: stamp.metre.to_string(),
        tempo: stamp.tempo.bpm(),
        position: stamp.position.map(Samples::get),
    });
    for (name, spec) in [("latched", &bar.latched), ("pinned", &bar.pinned)] {
        if let Some(spec) = spec {
            place[name] = json!(spec);
        }
    }
    place
}

/// Reads a project, and sentences about what could not be read.
pub fn read(document: &Value) -> (BTreeMap<BarKey, Bar>, Vec<String>) {
    let mut problems = Vec::new();
    let mut bars = BTreeMap::new();
    match document.get("format").and_then(Value::as_u64) {
        // What an empty project of a fresh instance looks like.
        None if document.is_null() => return (bars, problems),
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => {
            problems.push(format!(
                "This session was saved by a newer Turnaround (form {newer}); what this one knows of it is loaded."
            ));
        }
        _ => problems.push("The saved bars name no form; what can be read of them is loaded.".into()),
    }
    let written = document.get("bars").and_then(Value::as_array);
    if written.is_none() {
        problems.push("The saved session holds no bars that can be read.".into());
    }
    for (index, written) in written.into_iter().flatten().enumerate() {
        match read_bar(written, &mut problems) {
            Ok(bar) => drop(bars.insert(bar.stamp.key, bar)),
            Err(reason) => problems.push(format!("Saved bar {} cannot be read and was left out: {reason}", index + 1)),
        }
    }
    (bars, problems)
}

fn read_bar(written: &Value, problems: &mut Vec<String>) -> Result<Bar, String> {
    let place: WrittenBar = parse(written)?;
    let anchor = Beats::new(place.anchor);
    if !place.anchor.is_finite() || place.anchor < 0.0 {
        return Err(format!("it begins at beat {}", place.anchor));
    }
    let number = BarNumber::new(place.number);
    let mut bar = Bar::new(BarStamp {
        key: BarKey::new(anchor),
        anchor,
        number,
        metre: place.metre.parse::<Metre>().map_err(|error| error.to_string())?,
        tempo: Tempo::new(place.tempo).map_err(|error| error.to_string())?,
        revision: Default::default(),
        position: place.position.map(Samples::new),
    });
    let mut part = |name: &str, what: &str, result: Result<(), String>| {
        if let (Err(reason), Some(_)) = (result, written.get(name)) {
            problems.push(format!("Bar {number} was loaded without its {what}: {reason}"));
        }
    };
    part("latched", "values", parse_at(written, "latched").map(|spec: BarSpec| bar.latched = Some(spec)));
    part("pinned", "values from the editor", parse_at(written, "pinned").map(|spec: BarSpec| bar.pinned = Some(spec)));
    part("source", "dry sound", parse_at(written, "source").and_then(read_source).map(|source| bar.source = Some(source)));
    part("take", "take", parse_at(written, "take").and_then(read_take).map(|take| bar.take = Some(take)));
    Ok(bar)
}

fn read_source(written: WrittenSource) -> Result<Source, String> {
    let sound = read_sound(written.sound)?;
    let end = written.lead.checked_add(written.body).filter(|end| *end <= sound.samples() && written.body > 0);
    end.ok_or_else(|| format!("its bar does not lie in its {} samples", sound.samples()))?;
    let audio = sound.unpack().map_err(|error| error.to_string())?;
    Ok(Source::from_sound(written.id, sound, &audio, written.lead, written.body))
}

fn read_take(written: WrittenTake) -> Result<KeptTake, String> {
    let sound = read_sound(written.sound)?;
    let [at_start, at_end] = written.likeness.map(|likeness| if likeness.is_finite() { likeness.clamp(0.0, 1.0) } else { 0.0 });
    let recipe = Recipe { making: written.making, source: written.source };
    KeptTake::new(recipe, written.set, sound, Likeness { at_start, at_end }).map_err(|error| error.to_string())
}

fn read_sound(written: WrittenSound) -> Result<Arc<Sound>, String> {
    let flac = match &written.flac {
        Some(text) => BASE64.decode(text).map_err(|error| format!("its audio is no audio: {error}"))?,
        None => sidecar::read(&written.sha256)?,
    };
    Sound::from_parts(written.rate, written.exponent, written.samples, flac, &written.sha256)
        .map(Arc::new)
        .map_err(|error| error.to_string())
}

fn parse_at<T: for<'de> Deserialize<'de>>(written: &Value, name: &str) -> Result<T, String> {
    parse(written.get(name).unwrap_or(&Value::Null))
}

fn parse<T: for<'de> Deserialize<'de>>(written: &Value) -> Result<T, String> {
    T::deserialize(written).map_err(|error| error.to_string())
}
