//! Words to an action: "busier drums, a bit darker" to weights over a set's measured actions.
//!
//! Nothing here is learned and nothing is asked of a network. A written [`lexicon`] turns words into the change that is wished for,
//! descriptor by descriptor ([`read()`]); the actions whose measured effects point most nearly that way are then chosen ([`choose()`]).
//! What a musician says and the lexicon does not know is handed back, never guessed at.

mod choose;
mod lexicon;
mod read;
#[cfg(test)]
mod score;
mod words;

pub use choose::{Choice, ChoiceError, choose};
pub use read::{NotUnderstood, Wish, read};
