//! Audio that would make a host's session too large: files named by their hash in the user's own data folder.
//!
//! A file is never changed and never removed by the plugin: another session, or an older version of this one, may name it too.

use std::path::{Path, PathBuf};

use turnaround_engine::audio_file::write_atomically;

use crate::sound::Sound;

/// Where the files lie. `TURNAROUND_AUDIO` names another folder, for those who keep sessions and audio together.
fn folder() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("TURNAROUND_AUDIO").filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(named));
    }
    let data = turnaround_engine::runtime::user_cache().and_then(|cache| cache.parent().map(Path::to_path_buf));
    data.map(|data| data.join("audio")).ok_or_else(|| "no home folder is known".into())
}

fn file(hash: &str) -> Result<PathBuf, String> {
    // The hash comes from a session file, and must not become a path.
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hash {
        return Err("its audio has no proper name".into());
    }
    Ok(folder()?.join(format!("{hash}.flac")))
}

/// Keeps a sound, if it is not kept already.
pub fn write(sound: &Sound) -> Result<(), String> {
    let file = file(sound.hash())?;
    if file.metadata().is_ok_and(|known| known.len() == sound.flac().len() as u64) {
        return Ok(());
    }
    let words = |error: std::io::Error| format!("{}: {error}", file.display());
    std::fs::create_dir_all(folder()?).map_err(words)?;
    write_atomically(&file, sound.flac()).map_err(words)
}

/// The packed audio of a hash.
pub fn read(hash: &str) -> Result<Vec<u8>, String> {
    let file = file(hash)?;
    std::fs::read(&file).map_err(|error| {
        format!("its audio was kept in {}, which cannot be read ({error}); play the bar once more", file.display())
    })
}
