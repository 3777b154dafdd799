//! Bars as the dynamics makes them, before anything is decoded: what an action does, told apart from what the decoder adds.

use turnaround_core::contract::SparseWeights;

use crate::edit::Edit;
use crate::engine::{Engine, EngineError};
use crate::job::{Control, Job};
use crate::regenerate::{Request, check_bars};
use crate::road::Road;
use crate::song::Song;

/// A unit in standardised slots, `[slot, channel]`, the space the dynamics lives in: each channel has about unit variance there.
#[derive(Clone, Debug, PartialEq)]
pub struct Imagined {
    /// As the recording has it.
    pub dry: Vec<f32>,
    /// As the dynamics makes it.
    pub made: Vec<f32>,
    /// The action heard in what it makes.
    pub heard: SparseWeights,
}

impl Engine {
    /// The units of the target bars, in order, in the slots that [`Engine::regenerate`] would decode for the same request. Blocks until it
    /// is done or stopped.
    ///
    /// # Errors
    /// As [`Engine::regenerate`].
    pub fn imagine(&self, request: &Request<'_>, control: &mut Control<'_>) -> Result<Vec<Imagined>, EngineError> {
        let mut job = Job::new(control);
        request.settings.check()?;
        let chosen = self.chosen(request)?;
        let road = Road::new(self.set());
        let song = Song::new(request.audio, request.map, &road, &mut job)?;
        check_bars(&song.bars, &chosen)?;
        Edit::new(&road, &song, &chosen, request.settings).imagined(&mut job)
    }
}

#[cfg(test)]
mod tests {
    use turnaround_core::bars::BarNumber;
    use turnaround_core::contract::Graph;
    use turnaround_core::latents::normalise_tokens;

    use super::*;
    use crate::fake;
    use crate::regenerate::tests::{grid, recording};
    use crate::regenerate::{ActionChoice, Settings, Target};

    #[test]
    fn what_is_imagined_is_what_would_be_decoded_and_nothing_is() {
        let map = grid(120.0, "4/4", 0.0);
        let audio = recording(16_000, 1, &map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0);
        let targets = [4, 5].map(|bar| Target { bar: BarNumber::new(bar), action: ActionChoice::Weights(vec![(2, 1.0)]) });
        let request = Request { audio: &audio, map: &map, targets: &targets, settings: Settings::default() };
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };

        let (engine, calls) = fake::engine();
        let imagined = engine.imagine(&request, &mut control).unwrap();
        let is_decoder = |graph: Graph| matches!(graph, Graph::DecoderCondition | Graph::DecoderStep);
        assert!(calls.lock().unwrap().iter().all(|call| !is_decoder(call.graph)));

        let (engine, calls) = fake::engine();
        engine.regenerate(&request, &mut control).unwrap();
        let calls = calls.lock().unwrap();
        let decoded: Vec<&[f32]> =
            calls.iter().filter(|call| call.graph == Graph::AdapterDecoder).map(|call| call.inputs[0].values()).collect();
        assert_eq!((imagined.len(), decoded.len()), (2, 2));
        for (unit, decoded) in imagined.iter().zip(decoded) {
            let mut made = unit.made.clone();
            // The fake set's statistics are those of slots that need no standardising.
            normalise_tokens(&mut made, 16, 1e-3);
            assert_eq!(made, decoded);
        }
        // Bar 4 plays the tone of the second channel, bar 5 that of the first; both are made with action 2.
        assert!(imagined[0].dry[1] > imagined[0].dry[0] && imagined[1].dry[0] > imagined[1].dry[1]);
        assert!(imagined.iter().all(|unit| unit.heard[0].0 == 2), "{:?}", imagined[0].heard);
    }
}
