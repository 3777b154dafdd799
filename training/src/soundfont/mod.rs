//! Small SoundFonts: of a large one only what the arranger can ask for, so that it travels to machines that have none.

pub mod font;
pub mod pcm;
pub mod riff;
pub mod subset;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

pub use font::Font;
pub use subset::subset;

use crate::corpus::score::ensemble;

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Names of presets with bank and programme.
    pub presets: Vec<((u16, u16), String)>,
    /// Instruments, samples.
    pub counts: [usize; 2],
    /// Bytes of the file, and of the one it was made from.
    pub bytes: [usize; 2],
}

/// Reads a SoundFont, plain or packed, and writes what the arranger can ask for; packed if that is wished. Fails when the font is
/// damaged or a file cannot be read or written.
pub fn write(from: &Path, out: &Path, is_packed: bool) -> Result<Written> {
    let content = fs::read(from).with_context(|| format!("cannot read the SoundFont {}", from.display()))?;
    let whole = Font::read(&content).with_context(|| format!("cannot take {} apart", from.display()))?;
    let mut small = subset(&whole, &ensemble::sounds()).with_context(|| format!("cannot take {} apart", from.display()))?;
    remark(&mut small.information);
    let file = if is_packed { small.packed() } else { small.plain() };
    fs::write(out, &file).with_context(|| format!("cannot write {}", out.display()))?;
    let presets = small.presets.iter().map(|preset| (preset.place(), preset.name())).collect();
    Ok(Written { presets, counts: [small.instruments.len(), small.samples.len()], bytes: [file.len(), content.len()] })
}

/// What the comment of a font says once it is a part.
const REMARK: &str = "Turnaround: only the presets its arranger asks for, with their instruments and samples as they were.";

/// Adds the remark to the font's comment, once.
fn remark(information: &mut Vec<(String, Vec<u8>)>) {
    let at = information.iter().position(|(name, _)| name == "ICMT").unwrap_or_else(|| {
        information.push(("ICMT".to_owned(), Vec::new()));
        information.len() - 1
    });
    let found = String::from_utf8_lossy(&information[at].1).trim_end_matches('\0').to_owned();
    if found.contains(REMARK) {
        return;
    }
    let mut comment =
        [found.as_str(), REMARK].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join("\n").into_bytes();
    // Text of a SoundFont ends with one zero or two, whichever makes its length even.
    comment.resize((comment.len() + 2) / 2 * 2, 0);
    information[at].1 = comment;
}
