//! Peaks cut off: an overdriven line, or a master pushed into the end of its scale.

use super::power::{decibels, ratio, rms, severity};
use super::{Degradation, Kind};

/// Cuts off all that lies more than `ceiling_db` above the recording's own loudness (root mean square); 12 dB is mild, 3 dB a fuzz box. The
/// label's SNR is the music's energy over that of what was cut off.
pub fn clip(audio: &mut [f32], ceiling_db: f64) -> Degradation {
    let loudness = rms(audio);
    let ceiling = (loudness * ratio(ceiling_db)) as f32;
    let mut lost = 0.0_f64;
    for sample in audio.iter_mut() {
        let kept = sample.clamp(-ceiling, ceiling);
        lost += f64::from(*sample - kept).powi(2);
        *sample = kept;
    }
    let lost = (lost / audio.len().max(1) as f64).sqrt();
    // Music that never rose to the ceiling is unharmed, however low the ceiling sounds.
    let severity = if lost > 0.0 { severity(ceiling_db, 15.0, 3.0) } else { 0.0 };
    Degradation::new(Kind::Clipping, severity).with_snr(decibels(loudness / lost))
}
