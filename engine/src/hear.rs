//! What an edit hears, heard before anyone asks for the edit.

use crate::edit::Edit;
use crate::engine::{Engine, EngineError};
use crate::job::{Control, Job};
use crate::regenerate::Request;
use crate::road::Road;
use crate::song::Song;

impl Engine {
    /// Hears what [`Engine::regenerate`] would hear for the same request, as far as it is known before a bar is made. The set remembers it, so
    /// that the request itself, under any action, guidance, seed or quality, only has to make. Blocks until it is done or stopped; what was
    /// heard before a stop is remembered too.
    ///
    /// # Errors
    /// As [`Engine::regenerate`].
    pub fn hear(&self, request: &Request<'_>, control: &mut Control<'_>) -> Result<(), EngineError> {
        let mut job = Job::new(control);
        let road = Road::new(self.set());
        let (chosen, part) = self.part_of(request, &road)?;
        let audio = part.audio()?;
        let song = Song::of(&audio, part.bars.clone(), part.units.clone(), part.first_unit, &road, &mut job)?;
        Edit::new(&road, &song, &chosen, request.settings).hear_around(&mut job)
    }
}

#[cfg(test)]
mod tests {
    use turnaround_core::bars::BarNumber;
    use turnaround_core::contract::Graph;

    use super::*;
    use crate::fake;
    use crate::regenerate::tests::{grid, recording};
    use crate::regenerate::{ActionChoice, Settings, Target};

    fn is_heard_with(graph: Graph) -> bool {
        matches!(graph, Graph::Encoder | Graph::AdapterEncoder | Graph::ActionEncoder | Graph::DynamicsContext)
    }

    fn targets(action: u16) -> [Target; 1] {
        [Target { bar: BarNumber::new(5), action: ActionChoice::Weights(vec![(action, 1.0)]) }]
    }

    #[test]
    fn what_was_heard_ahead_is_not_heard_again_and_changes_nothing() {
        let map = grid(120.0, "4/4", 0.0);
        let audio = recording(16_000, 1, &map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0);
        let (nothing, asked) = ([Target { bar: BarNumber::new(5), action: ActionChoice::Null }], targets(2));
        let before = Request { audio: &audio, map: &map, targets: &nothing, settings: Settings::default() };
        let request = Request { targets: &asked, settings: Settings { seed: 7, ..Settings::default() }, ..before };
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };

        let (engine, calls) = fake::engine();
        engine.hear(&before, &mut control).unwrap();
        let heard = std::mem::take(&mut *calls.lock().unwrap());
        let makes = |graph| matches!(graph, Graph::DynamicsStep | Graph::DecoderCondition | Graph::DecoderStep);
        assert!(heard.iter().any(|call| call.graph == Graph::DynamicsContext) && !heard.iter().any(|call| makes(call.graph)));

        let made = engine.regenerate(&request, &mut control).unwrap();
        assert!(calls.lock().unwrap().iter().all(|call| !is_heard_with(call.graph)));
        let (fresh, calls) = fake::engine();
        assert_eq!(fresh.regenerate(&request, &mut control).unwrap().audio, made.audio);
        assert!(calls.lock().unwrap().iter().any(|call| is_heard_with(call.graph)));
    }

    #[test]
    fn of_a_long_row_all_dry_bars_are_heard_and_the_first_window_is_read() {
        let map = grid(120.0, "4/4", 0.0);
        // No two bars are alike, or one would be remembered as the other.
        let audio = recording(16_000, 1, &map, &std::array::from_fn::<_, 12, _>(|bar| bar), 24.0);
        let row: Vec<Target> = (2..=11).map(|bar| Target { bar: BarNumber::new(bar), action: ActionChoice::Null }).collect();
        let request = Request { audio: &audio, map: &map, targets: &row, settings: Settings::default() };
        let (engine, calls) = fake::engine();
        engine.hear(&request, &mut Control { is_cancelled: &|| false, on_progress: &mut |_| {} }).unwrap();
        let count = |graph| calls.lock().unwrap().iter().filter(|call| call.graph == graph).count();
        assert_eq!((count(Graph::Encoder), count(Graph::DynamicsContext)), (12, 1));
    }

    #[test]
    fn a_request_that_could_not_be_made_is_not_heard() {
        let map = grid(120.0, "4/4", 0.0);
        let audio = recording(16_000, 1, &map, &[0, 1], 4.0);
        let asked = targets(2);
        let request = Request { audio: &audio, map: &map, targets: &asked, settings: Settings::default() };
        let (engine, _) = fake::engine();
        let result = engine.hear(&request, &mut Control { is_cancelled: &|| false, on_progress: &mut |_| {} });
        assert!(matches!(result, Err(EngineError::BarOutside { bar: 5, .. })));
    }
}
