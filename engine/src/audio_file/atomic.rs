//! Writes a file whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Writes beside the target first and then takes its name, which file systems do in one step: a reader sees the old file or the new
/// one, and an error leaves nothing behind.
///
/// # Errors
/// Whatever the system says.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".turnaround-");
    #[cfg(unix)]
    {
        // As any new file: the user's mask decides. Temporary files are private otherwise.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
