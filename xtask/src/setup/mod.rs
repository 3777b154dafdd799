//! What a fresh machine lacks.

pub mod onnx_runtime;
pub mod packages;

use anyhow::Result;

use packages::{AUDIO_DEVICE_HEADERS, FLUID_SOUNDFONT, SMALL_SOUNDFONT};

/// The SoundFont that the corpus and the demo are played with.
pub fn soundfont() -> Result<()> {
    packages::ensure(&[FLUID_SOUNDFONT])
}

/// Any SoundFont: tests ask for notes, not for beauty.
pub fn any_soundfont() -> Result<()> {
    if FLUID_SOUNDFONT.is_there() { Ok(()) } else { packages::ensure(&[SMALL_SOUNDFONT]) }
}

/// What the plugin's standalone is compiled against.
pub fn audio_device_headers() -> Result<()> {
    packages::ensure(&AUDIO_DEVICE_HEADERS)
}
