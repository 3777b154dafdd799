//! RIFF: named chunks one after another, some of which hold chunks themselves.

use anyhow::{Context, Result, ensure};

/// A named stretch of a file.
pub struct Chunk<'a> {
    /// Four letters.
    pub name: &'a [u8],
    /// What is in it.
    pub content: &'a [u8],
}

/// The chunks that follow each other in `bytes`. Fails when the last does not end there.
pub fn chunks(mut bytes: &[u8]) -> Result<Vec<Chunk<'_>>> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let length = number(&bytes[4..]) as usize;
        let content = bytes.get(8..8 + length).context("the file ends early")?;
        found.push(Chunk { name: &bytes[..4], content });
        bytes = bytes.get(8 + length + length % 2..).unwrap_or(&[]);
    }
    Ok(found)
}

/// The chunks of a list of that kind among `chunks`.
pub fn list<'a>(chunks: &[Chunk<'a>], kind: &str) -> Result<Vec<Chunk<'a>>> {
    let found = chunks.iter().find(|chunk| chunk.name == b"LIST" && chunk.content.starts_with(kind.as_bytes()));
    self::chunks(&found.with_context(|| format!("the font has no list {kind}"))?.content[4..])
}

/// What the chunk of that name among `chunks` holds.
pub fn content<'a>(chunks: &[Chunk<'a>], name: &str) -> Result<&'a [u8]> {
    let found = chunks.iter().find(|chunk| chunk.name == name.as_bytes());
    Ok(found.with_context(|| format!("the font has no chunk {name}"))?.content)
}

/// The same as records of `size` bytes. Fails when the last is cut, or there is none: each table ends with a record that only ends it.
pub fn records<'a>(chunks: &[Chunk<'a>], name: &str, size: usize) -> Result<Vec<&'a [u8]>> {
    let content = content(chunks, name)?;
    ensure!(!content.is_empty() && content.len() % size == 0, "the chunk {name} of the font is damaged");
    Ok(content.chunks_exact(size).collect())
}

/// Writes a chunk.
pub fn put(into: &mut Vec<u8>, name: &str, content: &[u8]) {
    into.extend_from_slice(name.as_bytes());
    into.extend((content.len() as u32).to_le_bytes());
    into.extend_from_slice(content);
    into.resize(into.len() + content.len() % 2, 0);
}

/// The first four bytes as a number.
pub fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The first two bytes as a number.
pub fn small_number(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[0], bytes[1]])
}
