//! Outside anchors: what codecs in everyday use make of the same bars at a known number of bits.

pub mod opus;
