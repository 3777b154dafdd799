//! An archive that is read in place: a zip, held in memory while its entries are looked at.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result};
use turnaround_core::contract::sha256_hex;
use zip::ZipArchive;

/// An open zip.
pub struct Archive {
    zip: ZipArchive<Cursor<Vec<u8>>>,
    /// SHA-256 of the whole file, lower-case hexadecimal.
    pub sha256: String,
    place: String,
}

impl Archive {
    /// Reads a zip. Fails when it cannot be read or is none.
    pub fn open(path: &Path) -> Result<Self> {
        let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let sha256 = sha256_hex(&content);
        let zip = ZipArchive::new(Cursor::new(content)).with_context(|| format!("{} is no zip archive", path.display()))?;
        Ok(Self { zip, sha256, place: path.display().to_string() })
    }

    /// Names of the files that `wanted` accepts, in alphabetical order, so that the order in the archive does not matter. Names
    /// that are no text are passed over.
    pub fn names(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let readable = self.zip.file_names().filter_map(Result::ok).map(|name| name.into_owned());
        let mut names: Vec<String> = readable.filter(|name| wanted(name)).collect();
        names.sort();
        names
    }

    /// The content of a file. Fails when the archive has none of that name or is damaged there.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>> {
        let place = &self.place;
        let mut entry = self.zip.by_name(name).with_context(|| format!("{place} has no {name}"))?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).with_context(|| format!("{name} in {place} is damaged"))?;
        Ok(content)
    }

    /// The rows of a CSV file with a header line. Fails when a row lacks a field or holds one of another type.
    pub fn rows<Row: serde::de::DeserializeOwned>(&mut self, name: &str) -> Result<Vec<Row>> {
        let content = self.read(name)?;
        let mut reader = csv::Reader::from_reader(content.as_slice());
        let rows: Result<Vec<Row>, csv::Error> = reader.deserialize().collect();
        rows.with_context(|| format!("{name} in {} is not the table it should be", self.place))
    }
}
