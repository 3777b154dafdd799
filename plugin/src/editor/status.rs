//! What is shown of a bar's standing: a word, a colour and an icon, so that none of them has to be told from the others alone.
//!
//! **Thread.** The window's.

use egui::{Color32, Painter, Pos2, Stroke, pos2, vec2};

use super::theme;
use crate::spec::BarKey;
use crate::view::{BarStatus, BarView, JobView, Live};

/// A bar's standing as shown: its status, what sounds now, and whether it came too late.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shown {
    /// Never heard whole, it or what is around it.
    Unheard,
    /// Heard, and left as it is.
    Captured,
    /// Waits for its turn.
    Queued,
    /// Is being made; this share of it is done.
    Making(f32),
    /// Has its take.
    Ready,
    /// Its take sounds now.
    Playing,
    /// Played dry because its take was not there; still waits for it.
    Late,
    /// Could not be made.
    Failed,
}

impl Shown {
    /// What to show of this bar.
    pub fn of(bar: &BarView, job: Option<JobView>, sounding: Option<BarKey>) -> Self {
        if sounding == Some(bar.key) {
            return Shown::Playing;
        }
        match &bar.status {
            BarStatus::Unheard => Shown::Unheard,
            // Met, but not whole: the one that plays now for the first time, or one that a jump cut short.
            BarStatus::Captured if bar.dry.is_none() => Shown::Unheard,
            BarStatus::Captured => Shown::Captured,
            BarStatus::Making => Shown::Making(job.filter(|job| job.key == bar.key).map_or(0.0, progress)),
            BarStatus::Queued if bar.late > 0 => Shown::Late,
            BarStatus::Queued => Shown::Queued,
            BarStatus::Ready => Shown::Ready,
            BarStatus::Failed(_) => Shown::Failed,
        }
    }

    /// One word, and the progress where there is some.
    pub fn word(self) -> String {
        match self {
            Shown::Unheard => "unheard".into(),
            Shown::Captured => "captured".into(),
            Shown::Queued => "queued".into(),
            Shown::Making(share) => format!("making {:.0} %", share * 100.0),
            Shown::Ready => "ready".into(),
            Shown::Playing => "playing".into(),
            Shown::Late => "late".into(),
            Shown::Failed => "failed".into(),
        }
    }

    /// The same where there is little room: progress says enough.
    pub fn short_word(self) -> String {
        match self {
            Shown::Making(share) => format!("{:.0} %", share * 100.0),
            _ => self.word(),
        }
    }

    /// One sentence for who wants to know more.
    pub fn sentence(self) -> &'static str {
        match self {
            Shown::Unheard => "It, or the bars beside it, were never heard whole. Play through them once.",
            Shown::Captured => "Heard, and left as it is.",
            Shown::Queued => "Waits for its turn to be made.",
            Shown::Making(_) => "Is being made now.",
            Shown::Ready => "Has its take; it plays at the next pass.",
            Shown::Playing => "Its take sounds now.",
            Shown::Late => "Played dry because its take was not ready; still waits for its turn.",
            Shown::Failed => "Could not be made; it plays dry.",
        }
    }

    /// Its colour.
    pub fn colour(self) -> Color32 {
        match self {
            Shown::Unheard => theme::FAINT,
            Shown::Captured => theme::QUIET,
            Shown::Queued => theme::SKY,
            Shown::Making(_) => theme::ORANGE,
            Shown::Ready => theme::GREEN,
            Shown::Playing => theme::YELLOW,
            Shown::Late => theme::PINK,
            Shown::Failed => theme::VERMILION,
        }
    }

    /// Draws its icon around a centre, within `radius`. Every shape is another one.
    pub fn icon(self, painter: &Painter, centre: Pos2, radius: f32) {
        let colour = self.colour();
        let line = Stroke::new(1.5, colour);
        let at = |x: f32, y: f32| centre + vec2(x, y) * radius;
        match self {
            Shown::Unheard => drop(painter.circle_stroke(centre, radius * 0.8, line)),
            Shown::Captured => drop(painter.circle_filled(centre, radius * 0.55, colour)),
            Shown::Queued => {
                for x in [-0.75, 0.0, 0.75] {
                    painter.circle_filled(at(x, 0.0), radius * 0.25, colour);
                }
            }
            Shown::Making(share) => {
                painter.circle_stroke(centre, radius * 0.8, Stroke::new(1.5, colour.gamma_multiply(0.35)));
                painter.line(arc(centre, radius * 0.8, share), line);
            }
            Shown::Ready => drop(painter.line(vec![at(-0.8, 0.0), at(-0.25, 0.6), at(0.85, -0.6)], line)),
            Shown::Playing => drop(painter.add(egui::Shape::convex_polygon(
                vec![at(-0.6, -0.85), at(0.85, 0.0), at(-0.6, 0.85)],
                colour,
                Stroke::NONE,
            ))),
            Shown::Late => {
                painter.circle_stroke(centre, radius * 0.85, line);
                painter.line(vec![at(0.0, -0.5), at(0.0, 0.1), at(0.4, 0.1)], line);
            }
            Shown::Failed => {
                painter.line_segment([at(-0.65, -0.65), at(0.65, 0.65)], line);
                painter.line_segment([at(-0.65, 0.65), at(0.65, -0.65)], line);
            }
        }
    }
}

/// How much of a job is done, 0 to 1.
pub fn progress(job: JobView) -> f32 {
    (job.done as f32 / job.total.max(1) as f32).clamp(0.0, 1.0)
}

/// Bars that wait or are being made.
pub fn queue_length(bars: &[BarView]) -> usize {
    bars.iter().filter(|bar| matches!(bar.status, BarStatus::Queued | BarStatus::Making)).count()
}

/// Whether anything moves, so that the window has to be drawn again soon.
pub fn is_lively(bars: &[BarView], job: Option<JobView>, live: &Live) -> bool {
    live.is_playing() || live.is_waiting() || job.is_some() || queue_length(bars) > 0
}

/// Part of a circle from the top, clockwise.
fn arc(centre: Pos2, radius: f32, share: f32) -> Vec<Pos2> {
    let points = 24;
    (0..=points)
        .map(|point| {
            let angle = std::f32::consts::TAU * share * point as f32 / points as f32;
            pos2(centre.x + radius * angle.sin(), centre.y - radius * angle.cos())
        })
        .collect()
}

/// Draws the pin that marks bars set by hand.
pub fn pin(painter: &Painter, centre: Pos2, radius: f32, colour: Color32) {
    let at = |x: f32, y: f32| centre + vec2(x, y) * radius;
    painter.circle_filled(at(0.0, -0.4), radius * 0.5, colour);
    painter.line_segment([at(0.0, -0.1), at(0.0, 1.0)], Stroke::new(1.5, colour));
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::editor::made_up;

    const ALL: [Shown; 8] = [
        Shown::Unheard,
        Shown::Captured,
        Shown::Queued,
        Shown::Making(0.5),
        Shown::Ready,
        Shown::Playing,
        Shown::Late,
        Shown::Failed,
    ];

    #[test]
    fn no_two_statuses_share_a_word_or_a_colour() {
        assert_eq!(ALL.iter().map(|shown| shown.word()).collect::<HashSet<_>>().len(), ALL.len());
        assert_eq!(ALL.iter().map(|shown| shown.colour()).collect::<HashSet<_>>().len(), ALL.len());
    }

    #[test]
    fn a_bar_that_sounds_is_shown_as_playing_whatever_else_it_is() {
        let bar = made_up::bar(3, BarStatus::Failed("no memory".into()));
        assert_eq!(Shown::of(&bar, None, Some(bar.key)), Shown::Playing);
        assert_eq!(Shown::of(&bar, None, None), Shown::Failed);
    }

    #[test]
    fn a_bar_that_was_cut_short_is_unheard() {
        let mut bar = made_up::bar(3, BarStatus::Captured);
        assert_eq!(Shown::of(&bar, None, None), Shown::Unheard);
        bar.dry = Some(std::sync::Arc::default());
        assert_eq!(Shown::of(&bar, None, None), Shown::Captured);
    }

    #[test]
    fn a_bar_is_late_as_long_as_its_take_is_not_there() {
        let mut bar = made_up::bar(3, BarStatus::Queued);
        assert_eq!(Shown::of(&bar, None, None), Shown::Queued);
        bar.late = 1;
        assert_eq!(Shown::of(&bar, None, None), Shown::Late);
        bar.status = BarStatus::Ready;
        assert_eq!(Shown::of(&bar, None, None), Shown::Ready);
    }

    #[test]
    fn progress_is_that_of_the_bars_own_job() {
        let bar = made_up::bar(3, BarStatus::Making);
        let other = made_up::bar(4, BarStatus::Queued);
        let job = |key| Some(JobView { key, done: 2, total: 8 });
        assert_eq!(Shown::of(&bar, job(bar.key), None), Shown::Making(0.25));
        assert_eq!(Shown::of(&bar, job(other.key), None), Shown::Making(0.0));
        assert_eq!(progress(JobView { key: bar.key, done: 0, total: 0 }), 0.0);
        assert_eq!(queue_length(&[bar, other]), 2);
    }
}
