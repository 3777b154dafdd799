//! More room than music: a microphone in the far corner of a hall.

use super::convolve::convolve;
use super::noise::gaussian;
use super::power::{add_at_snr, severity};
use super::{Degradation, HZ, Kind};
use crate::corpus::dice::{Dice, derive};

/// Adds the sound of a room whose reverberation takes `seconds` to fall by 60 dB, so that the direct sound lies `direct_db` above it.
/// Onsets stay where they are: the room answers 10 to 30 ms later.
pub fn reverb(audio: &mut [f32], seconds: f64, direct_db: f64, seed: u64) -> Degradation {
    let mut dice = Dice::new(seed, "reverb");
    let delay = (dice.between(0.010, 0.030) * HZ) as usize;
    let damping = dice.between(0.2, 0.7) as f32;
    let mut response = vec![0.0; delay];
    // The highs die first: each moment hears more of its past.
    let mut last = 0.0;
    let decay = 1000.0_f64.ln() / (seconds * HZ);
    for (n, noise) in gaussian((seconds * HZ) as usize, derive(seed, "reverb noise", 0)).into_iter().enumerate() {
        last = damping * last + (1.0 - damping) * noise;
        response.push(last * (-decay * n as f64).exp() as f32);
    }
    let room = convolve(audio, &response);
    add_at_snr(audio, &room, direct_db);
    let severity = 0.5 * severity(direct_db, 18.0, -6.0) + 0.5 * severity(seconds, 0.3, 3.0);
    Degradation::new(Kind::Reverb, severity).with_snr(direct_db)
}
