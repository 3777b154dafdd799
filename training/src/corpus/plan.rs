//! Which pieces a corpus holds: how solos, tunes and takes follow from a seed.

use anyhow::{Result, ensure};

use super::dice::{Dice, derive};
use super::render::TAIL_SECONDS;
use super::score::reconstruct::reconstruct;
use super::score::{Composition, Materials, Piece, Wishes};
use super::sources::Sources;

/// Each composition is heard in this many takes.
const TAKES: u64 = 2;
/// Of compositions, where an archive of changes is there, this share is over them; the rest are built in.
const OVER_CHANGES: f64 = 0.8;

/// One piece to be played.
#[derive(Clone, Copy, Debug)]
pub struct Take {
    /// Its number in the corpus, from 0.
    pub number: usize,
    seed: u64,
    what: What,
    wishes: Wishes,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// The transcribed solo of that index.
    Solo(usize),
    /// A composition over the changes of that index, or built in.
    Composition { seed: u64, changes: Option<usize> },
}

impl Take {
    /// The piece. The same take with the same sources is the same piece everywhere.
    pub fn piece(&self, sources: &Sources, materials: &Materials) -> Piece {
        match self.what {
            What::Solo(index) => reconstruct(&sources.solos[index], self.seed, materials),
            What::Composition { seed, changes } => {
                let composition = match changes {
                    Some(index) => Composition::over(&sources.changes[index], seed),
                    None => Composition::new(seed),
                };
                Piece::play_with(&composition, self.seed, self.wishes, materials)
            }
        }
    }
}

/// The takes that fill the hours asked for. Writing scores is quick, so lengths are known before anything is rendered. Solos come
/// in a shuffled order, each once before any comes again.
pub fn takes(seed: u64, hours: f64, solo_share: f64, sources: &Sources, wishes: Wishes) -> Result<Vec<Take>> {
    ensure!((0.0..=1.0).contains(&solo_share), "the share of solos lies between 0 and 1, not at {solo_share}");
    let materials = sources.materials();
    let share = if sources.solos.is_empty() { 0.0 } else { solo_share };
    let mut order: Vec<usize> = Vec::new();
    let (mut solos, mut arranged) = (0, 0);
    let (mut solo_seconds, mut seconds) = (0.0, 0.0);
    let mut takes = Vec::new();
    while seconds < hours * 3600.0 {
        let number = takes.len();
        // Whichever kind is short of its share comes next.
        let what = if solo_seconds < share * (seconds + 1.0) {
            if order.is_empty() {
                order = shuffled(sources.solos.len(), derive(seed, "solos", solos as u64));
            }
            solos += 1;
            What::Solo(order.pop().expect("there are solos"))
        } else {
            arranged += 1;
            composition(derive(seed, "composition", (arranged - 1) / TAKES), sources)
        };
        let take = Take { number, seed: derive(seed, "take", number as u64), what, wishes };
        let length = take.piece(sources, &materials).duration().get() + TAIL_SECONDS;
        seconds += length;
        if matches!(take.what, What::Solo(_)) {
            solo_seconds += length;
        }
        takes.push(take);
    }
    Ok(takes)
}

fn composition(seed: u64, sources: &Sources) -> What {
    let dice = &mut Dice::new(seed, "over changes");
    let over = !sources.changes.is_empty() && dice.chance(OVER_CHANGES);
    What::Composition { seed, changes: over.then(|| dice.integer(0, sources.changes.len() - 1)) }
}

fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let dice = &mut Dice::new(seed, "order");
    let mut order: Vec<usize> = (0..count).collect();
    for index in (1..count).rev() {
        order.swap(index, dice.integer(0, index));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::dataset::Source;
    use crate::corpus::sources::{Kind, testing};

    #[test]
    fn shares_are_kept_and_every_archive_is_heard() {
        let folder = testing::folder_of_sources();
        let sources = Sources::open(folder.path(), Kind::Copyleft).unwrap();
        let wishes = Wishes { seconds: Some(20.0), ..Wishes::default() };
        let takes = takes(5, 0.5, 0.3, &sources, wishes).unwrap();
        let pieces: Vec<Piece> = takes.iter().map(|take| take.piece(&sources, &sources.materials())).collect();
        let seconds = |is: &dyn Fn(&&Piece) -> bool| -> f64 { pieces.iter().filter(is).map(|one| one.duration().get()).sum() };
        let share = seconds(&|piece| piece.source == Source::Weimar) / seconds(&|_| true);
        assert!((0.27..0.33).contains(&share), "{share}");
        for origin in ["weimar", "irb", "improvisor", "built in"] {
            assert!(pieces.iter().any(|piece| piece.origin == origin), "nothing from {origin}");
        }
        assert!(pieces.iter().any(|piece| piece.drummer.is_some()), "no recorded drummer");
        assert!(
            pieces.iter().all(|piece| !piece.title.contains("Ours") && !piece.title.contains("Made Up")),
            "titles are not written"
        );
    }

    #[test]
    fn a_drummer_of_the_train_split_plays_in_train_pieces_alone() {
        let folder = testing::folder_of_sources();
        let sources = Sources::open(folder.path(), Kind::Permissive).unwrap();
        let wishes = Wishes { seconds: Some(20.0), ..Wishes::default() };
        for take in takes(6, 0.5, 0.0, &sources, wishes).unwrap() {
            let piece = take.piece(&sources, &sources.materials());
            if piece.drummer.as_ref().is_some_and(|drummer| drummer.starts_with("drummer1")) {
                assert_eq!(piece.split, crate::corpus::Split::Train);
            }
        }
    }

    #[test]
    fn a_share_outside_one_is_refused() {
        let error = takes(1, 0.1, 1.5, &Sources::none(), Wishes::default()).unwrap_err().to_string();
        assert!(error.contains("between 0 and 1"), "{error}");
    }
}
