//! Band limits of old microphones, records and lines.

use turnaround_core::filter::LinearPhase;
use turnaround_core::time::SampleRate;

use super::biquad::Biquad;
use super::power::severity;
use super::{Degradation, HZ, Kind};

/// Takes away what lies above `hz`, which is 2.5 to 8 kHz in old recordings; steep, without delay.
pub fn low_pass(audio: &mut [f32], hz: f64) -> Degradation {
    let filtered = LinearPhase::low_pass(hz, SampleRate::MODEL).apply(audio);
    audio.copy_from_slice(&filtered);
    Degradation::new(Kind::LowPass, severity(hz.ln(), (HZ / 2.0).ln(), 2500.0_f64.ln())).with_bandwidth(hz.min(HZ / 2.0))
}

/// Takes away what lies below `hz`, gently: horns and early lines carried no bass. 60 Hz is harmless, 500 Hz is a telephone.
pub fn low_cut(audio: &mut [f32], hz: f64) -> Degradation {
    Biquad::high_pass(hz).process(audio);
    Degradation::new(Kind::LowCut, severity(hz.ln(), 60.0_f64.ln(), 500.0_f64.ln())).with_bandwidth(hz)
}
