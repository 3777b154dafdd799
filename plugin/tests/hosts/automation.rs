//! Automation as musicians draw it, one value a bar, and as hosts deliver it: early, on the line, or late.

use crate::host::Event;
use crate::timeline::{Piece, Timeline};

/// When a host delivers the value that holds from a bar line on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// At the start of the block that contains the line: up to a block early.
    BlockBefore,
    /// At the very sample.
    Exact,
    /// At the start of the first block that begins on or after the line: up to a block late.
    BlockAfter,
}

impl Delivery {
    pub const ALL: [Delivery; 3] = [Delivery::BlockBefore, Delivery::Exact, Delivery::BlockAfter];
}

/// Lanes of automation.
#[derive(Clone, Debug)]
pub struct Automation {
    delivery: Delivery,
    lanes: Vec<Lane>,
}

#[derive(Clone, Debug)]
struct Lane {
    parameter: String,
    /// Bar and value from there on, in order. Before the first, its value holds as well.
    values: Vec<(i64, f64)>,
}

impl Lane {
    fn value_in(&self, bar: i64) -> f64 {
        let after = self.values.partition_point(|(from, _)| *from <= bar);
        self.values[after.saturating_sub(1)].1
    }
}

impl Automation {
    pub fn none() -> Self {
        Self::new(Delivery::Exact)
    }

    pub fn new(delivery: Delivery) -> Self {
        Self { delivery, lanes: Vec::new() }
    }

    /// Draws one parameter: values from bars on.
    pub fn lane(mut self, parameter: &str, values: &[(i64, f64)]) -> Self {
        assert!(!values.is_empty() && values.is_sorted_by_key(|(bar, _)| *bar), "bars in order");
        self.lanes.push(Lane { parameter: parameter.to_owned(), values: values.to_vec() });
        self
    }

    /// Draws a switch that is on in some bars and off in all others.
    pub fn on_in_bars(self, parameter: &str, bars: &[i64]) -> Self {
        let mut values = vec![(i64::MIN, 0.0)];
        for bar in bars {
            values.retain(|(from, _)| from != bar);
            values.extend([(*bar, 1.0), (bar + 1, 0.0)]);
        }
        self.lane(parameter, &values)
    }
}

/// Delivers automation during one stretch of playback.
pub struct Deliverer<'a> {
    automation: &'a Automation,
    timeline: &'a Timeline,
    /// A lane's parameter, and the value sent last.
    sent: Vec<(u32, Option<f64>)>,
}

impl<'a> Deliverer<'a> {
    /// `id` tells the number of a parameter by its name.
    pub fn new(automation: &'a Automation, timeline: &'a Timeline, id: impl Fn(&str) -> u32) -> Self {
        let sent = automation.lanes.iter().map(|lane| (id(&lane.parameter), None)).collect();
        Self { automation, timeline, sent }
    }

    /// The events of a block, in order of time. Nothing is sent while the playhead stands.
    pub fn events(&mut self, pieces: &[Piece]) -> Vec<Event> {
        let mut events = Vec::new();
        let Some(first) = pieces.first() else { return events };
        for piece in pieces {
            let Some(position) = piece.position else { continue };
            let is_first = piece.at == first.at;
            let offset = piece.at - first.at;
            let (begins_in, ends_in) = (self.timeline.bar_of(position), self.timeline.bar_of(position + piece.length as i64 - 1));
            match self.automation.delivery {
                Delivery::BlockBefore if is_first => self.send(ends_in, 0, &mut events),
                Delivery::BlockAfter if is_first => self.send(begins_in, 0, &mut events),
                // What a loop inside a block brings is known at the next block.
                Delivery::BlockBefore | Delivery::BlockAfter => (),
                Delivery::Exact => {
                    self.send(begins_in, offset, &mut events);
                    for bar in begins_in + 1..=ends_in {
                        let line = (self.timeline.bar(bar).start - position) as usize;
                        self.send(bar, offset + line, &mut events);
                    }
                }
            }
        }
        events
    }

    fn send(&mut self, bar: i64, offset: usize, events: &mut Vec<Event>) {
        for (lane, (parameter, sent)) in self.automation.lanes.iter().zip(&mut self.sent) {
            let value = lane.value_in(bar);
            if *sent != Some(value) {
                *sent = Some(value);
                events.push(Event { parameter: *parameter, offset, value });
            }
        }
    }
}
