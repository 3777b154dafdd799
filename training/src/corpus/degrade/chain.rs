//! Chains of degradations as recordings of a time have them.

use super::power::peak;
use super::{Degradation, Era, band, clip, codec, crackle, noise, reverb, wow};
use crate::corpus::dice::{Dice, derive};

/// The share of recordings that stay as they are.
const CLEAN: f64 = 0.3;
/// Of those that do not, the share that is hurt little.
const MILD: f64 = 0.4;
/// Up to where a chain's strength is mild.
const MILDLY: f64 = 0.3;
/// How far single faults of one recording lie from its strength.
const SPREAD: f64 = 0.12;
/// Above this a recording is turned down, so that 16 bits hold it.
const LOUDEST: f32 = 0.98;

/// A degradation chain with its strength, 0 to 1: below 0.3 old but good, from 0.7 on beyond use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chain {
    /// Whose sound it has.
    pub era: Era,
    /// From the mildest (0) to the worst (1) of the era.
    pub strength: f64,
}

/// Degrades a recording as chance will have it: three in ten stay clean, the others get a chain of one of the eras, two in five of them
/// a mild one. Returns what was done, in order; nothing for a clean one. Beats stay within [`super::LARGEST_DRIFT_S`].
pub fn random(seed: u64, audio: &mut [f32]) -> Vec<Degradation> {
    let mut dice = Dice::new(seed, "degrade");
    if dice.chance(CLEAN) {
        return Vec::new();
    }
    let era = dice.weighted(&[(Era::Shellac, 0.3), (Era::EarlyTape, 0.35), (Era::Modern, 0.35)]);
    let strength = if dice.chance(MILD) { dice.between(0.0, MILDLY) } else { dice.between(MILDLY, 1.0) };
    random_in(Chain { era, strength }, derive(seed, "degrade", 1), audio)
}

/// Degrades a recording by a chain of an era and a strength; what the chain holds, and how much of each, is chance.
pub fn random_in(chain: Chain, seed: u64, audio: &mut [f32]) -> Vec<Degradation> {
    let mut faults = Faults { dice: Dice::new(seed, "chain"), seed, strength: chain.strength, audio, done: Vec::new() };
    match chain.era {
        Era::Shellac => faults.shellac(),
        Era::EarlyTape => faults.early_tape(),
        Era::Modern => faults.modern(),
    }
    let done = faults.done.into_iter().map(|degradation| degradation.of_era(chain.era)).collect();
    let loudest = peak(audio);
    if loudest > LOUDEST {
        audio.iter_mut().for_each(|sample| *sample *= LOUDEST / loudest);
    }
    done
}

/// A recording on its way through a chain.
struct Faults<'a> {
    dice: Dice,
    seed: u64,
    strength: f64,
    audio: &'a mut [f32],
    done: Vec<Degradation>,
}

impl Faults<'_> {
    /// An acoustic or early electric recording: a narrow band, an unsteady turntable, a surface that crackles.
    fn shellac(&mut self) {
        self.low_cut(70.0, 280.0);
        self.low_pass(7000.0, 2500.0);
        if self.dice.chance(0.5) {
            self.clip(14.0, 6.0);
        }
        self.wow(0.15, 1.0);
        let level = self.amount(-38.0, -28.0).clamp(-38.0, -28.0);
        let seed = self.next_seed();
        self.done.push(crackle::crackle(self.audio, level, seed));
    }

    /// Tape or vinyl of the fifties: nearly the whole band, hiss, now and then hum.
    fn early_tape(&mut self) {
        if self.dice.chance(0.5) {
            self.low_cut(45.0, 150.0);
        }
        if self.dice.chance(0.4) {
            self.clip(15.0, 7.0);
        }
        self.wow(0.02, 0.6);
        self.hiss(40.0, 12.0);
        if self.dice.chance(0.3) {
            self.hum(40.0, 15.0);
        }
        self.low_pass(7900.0, 3500.0);
    }

    /// What goes wrong today: one to three faults that have nothing to do with each other.
    fn modern(&mut self) {
        let mut left = vec![0, 1, 2, 3, 4, 5];
        let count = self.dice.integer(1, 3);
        let mut chosen: Vec<usize> = (0..count).map(|_| left.swap_remove(self.dice.integer(0, left.len() - 1))).collect();
        // In the order of a signal's way: room, line, mains, tape, file.
        chosen.sort_unstable();
        for fault in chosen {
            match fault {
                0 => self.reverb(),
                1 => self.clip(15.0, 3.0),
                2 => self.hum(40.0, 10.0),
                3 => self.hiss(40.0, 10.0),
                4 => self.low_pass(7900.0, 2500.0),
                _ => self.codec(),
            }
        }
    }

    /// A value between mild and worst at about the chain's strength.
    fn amount(&mut self, mild: f64, worst: f64) -> f64 {
        let strength = (self.strength + SPREAD * self.dice.normal()).clamp(0.0, 1.0);
        mild + (worst - mild) * strength
    }

    /// The same for frequencies and rates, evenly in octaves.
    fn octaves(&mut self, mild: f64, worst: f64) -> f64 {
        self.amount(mild.ln(), worst.ln()).exp()
    }

    fn next_seed(&self) -> u64 {
        derive(self.seed, "fault", self.done.len() as u64)
    }

    fn low_cut(&mut self, mild: f64, worst: f64) {
        let hz = self.octaves(mild, worst);
        self.done.push(band::low_cut(self.audio, hz));
    }

    fn low_pass(&mut self, mild: f64, worst: f64) {
        let hz = self.octaves(mild, worst);
        self.done.push(band::low_pass(self.audio, hz));
    }

    fn clip(&mut self, mild: f64, worst: f64) {
        let ceiling = self.amount(mild, worst);
        self.done.push(clip::clip(self.audio, ceiling));
    }

    fn wow(&mut self, mild: f64, worst: f64) {
        let depth = self.amount(mild, worst);
        let seed = self.next_seed();
        self.done.push(wow::wow(self.audio, depth, seed));
    }

    fn hiss(&mut self, mild: f64, worst: f64) {
        let snr = self.amount(mild, worst);
        let seed = self.next_seed();
        self.done.push(noise::hiss(self.audio, snr, seed));
    }

    fn hum(&mut self, mild: f64, worst: f64) {
        let snr = self.amount(mild, worst);
        let seed = self.next_seed();
        self.done.push(noise::hum(self.audio, snr, seed));
    }

    fn reverb(&mut self) {
        let (seconds, direct) = (self.octaves(0.4, 3.0), self.amount(18.0, -6.0));
        let seed = self.next_seed();
        self.done.push(reverb::reverb(self.audio, seconds, direct, seed));
    }

    fn codec(&mut self) {
        let rate = self.octaves(96.0, 8.0);
        self.done.push(codec::codec(self.audio, rate));
    }
}
