//! The part of the protobuf wire format that ONNX files need: varints, 32-bit floats, and nested bytes. Written without a schema
//! compiler, because the schema is a dozen small messages that never change.

/// A message being written.
#[derive(Clone, Debug, Default)]
pub struct Message {
    bytes: Vec<u8>,
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED32: u64 = 5;

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn key(&mut self, field: u32, wire: u64) {
        self.varint(u64::from(field) << 3 | wire);
    }

    /// Adds an integer.
    pub fn int(&mut self, field: u32, value: i64) -> &mut Self {
        self.key(field, VARINT);
        self.varint(value as u64);
        self
    }

    /// Adds a 32-bit float.
    pub fn float(&mut self, field: u32, value: f32) -> &mut Self {
        self.key(field, FIXED32);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// Adds bytes.
    pub fn bytes(&mut self, field: u32, value: &[u8]) -> &mut Self {
        self.key(field, LENGTH);
        self.varint(value.len() as u64);
        self.bytes.extend_from_slice(value);
        self
    }

    /// Adds a text.
    pub fn text(&mut self, field: u32, value: &str) -> &mut Self {
        self.bytes(field, value.as_bytes())
    }

    /// Adds a message.
    pub fn message(&mut self, field: u32, value: &Message) -> &mut Self {
        self.bytes(field, &value.bytes)
    }

    /// The finished message.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// One field of a message being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// An integer.
    Int(u64),
    /// Four or eight bytes.
    Fixed(&'a [u8]),
    /// A text, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
}

/// The bytes end early or hold an unknown wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file ends early or is not an ONNX graph")]
pub struct Malformed;

/// Reads the fields of a message one by one.
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of `message`.
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and content; none at the end.
    pub fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = match key & 7 {
            VARINT => Field::Int(self.varint()?),
            FIXED64 => Field::Fixed(self.take(8)?),
            LENGTH => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Field::Bytes(self.take(length)?)
            }
            FIXED32 => Field::Fixed(self.take(4)?),
            _ => return Err(Malformed),
        };
        Ok(Some((u32::try_from(key >> 3).map_err(|_| Malformed)?, field)))
    }

    /// The next integer of a packed list; none at the end.
    pub fn next_packed(&mut self) -> Result<Option<u64>, Malformed> {
        if self.rest.is_empty() { Ok(None) } else { self.varint().map(Some) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut message = Message::default();
        message.int(1, 300).int(2, -1).float(3, 1.5).text(20, "keys");
        let bytes = message.into_bytes();
        let mut fields = Fields::of(&bytes);
        assert_eq!(fields.next(), Ok(Some((1, Field::Int(300)))));
        assert_eq!(fields.next(), Ok(Some((2, Field::Int(u64::MAX)))));
        assert_eq!(fields.next(), Ok(Some((3, Field::Fixed(&1.5f32.to_le_bytes())))));
        assert_eq!(fields.next(), Ok(Some((20, Field::Bytes(b"keys")))));
        assert_eq!(fields.next(), Ok(None));
    }

    #[test]
    fn a_cut_message_is_refused() {
        let mut message = Message::default();
        message.text(8, "a name of some length");
        let bytes = message.into_bytes();
        assert_eq!(Fields::of(&bytes[..bytes.len() - 1]).next(), Err(Malformed));
    }
}
