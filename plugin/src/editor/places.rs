//! Where the dots of the map lie in the window, so far apart that each can be taken hold of, and where a label beside a dot finds room.
//!
//! **Thread.** The window's; plain functions.

use egui::{Align, Pos2, Rect, Vec2, pos2, vec2};

/// Rounds in which dots are pushed apart, at most. Few are needed unless all lie in one place.
const ROUNDS: usize = 120;

/// Dots that overlap by less than this, in points, are far enough apart.
const SLACK: f32 = 0.25;

/// Space between a label and what lies beside it, in points.
const SPACE: f32 = 2.0;

/// Places on a map, right and up, each −1 to 1, as points within `rect`, no two of them nearer than `apart` as far as there is room.
pub fn spread(places: &[[f32; 2]], rect: Rect, apart: f32) -> Vec<Pos2> {
    let point = |place: &[f32; 2]| {
        let share = |at: f32| (0.5 + 0.5 * at).clamp(0.0, 1.0);
        pos2(egui::lerp(rect.x_range(), share(place[0])), egui::lerp(rect.y_range(), 1.0 - share(place[1])))
    };
    let mut points: Vec<Pos2> = places.iter().map(point).collect();
    for _ in 0..ROUNDS {
        if !push_apart(&mut points, rect, apart) {
            break;
        }
    }
    points
}

/// Moves every two that lie too near away from each other; whether there were any.
fn push_apart(points: &mut [Pos2], rect: Rect, apart: f32) -> bool {
    let mut has_moved = false;
    for one in 0..points.len() {
        for other in one + 1..points.len() {
            let way = points[other] - points[one];
            let missing = apart - way.length();
            if missing > SLACK {
                // Two in one place part in a direction of their own, so that many do not end up in a row.
                let direction = if way.length() > 1e-3 { way.normalized() } else { Vec2::angled(2.4 * other as f32) };
                points[one] = rect.clamp(points[one] - direction * (missing / 2.0));
                points[other] = rect.clamp(points[other] + direction * (missing / 2.0));
                has_moved = true;
            }
        }
    }
    has_moved
}

/// A dot: its centre, and how far it reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    /// Its centre.
    pub centre: Pos2,
    /// How far it reaches from there, in points.
    pub radius: f32,
}

impl Disc {
    fn is_under(&self, rect: Rect) -> bool {
        rect.distance_to_pos(self.centre) < self.radius
    }
}

/// Where a label found room: its place, and to which side its lines are flush.
pub type Room = (Rect, Align);

/// Room for a label of this size beside `disc`, within `rect`, on none of the dots and none of the labels that lie there already; nothing
/// if there is none.
pub fn beside(disc: Disc, size: Vec2, rect: Rect, dots: &[Disc], taken: &[Rect]) -> Option<Room> {
    let is_free = |(place, _): &Room| {
        let wanted = place.expand(SPACE);
        rect.contains_rect(*place)
            && !taken.iter().any(|taken| taken.intersects(wanted))
            && !dots.iter().any(|dot| dot.is_under(*place))
    };
    around(disc, size).into_iter().find(is_free)
}

/// The places beside a dot that a label may have, those that read best first.
fn around(disc: Disc, size: Vec2) -> [Room; 8] {
    let (away, half) = (disc.radius + SPACE, size / 2.0);
    // On a slant the label's corner comes near the dot, not its side.
    let slant = 0.7 * away;
    let at = |x: f32, y: f32, align: Align| (Rect::from_center_size(disc.centre + vec2(x, y), size), align);
    [
        at(away + half.x, 0.0, Align::Min),
        at(-away - half.x, 0.0, Align::Max),
        at(0.0, away + half.y, Align::Center),
        at(0.0, -away - half.y, Align::Center),
        at(slant + half.x, slant + half.y, Align::Min),
        at(slant + half.x, -slant - half.y, Align::Min),
        at(-slant - half.x, slant + half.y, Align::Max),
        at(-slant - half.x, -slant - half.y, Align::Max),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect() -> Rect {
        Rect::from_min_size(pos2(200.0, 100.0), vec2(230.0, 120.0))
    }

    fn nearest(points: &[Pos2]) -> f32 {
        let pairs = (0..points.len()).flat_map(|one| (one + 1..points.len()).map(move |other| (one, other)));
        pairs.map(|(one, other)| points[one].distance(points[other])).fold(f32::INFINITY, f32::min)
    }

    #[test]
    fn places_far_apart_stay_where_they_belong_right_and_up() {
        let points = spread(&[[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0], [0.5, -0.5]], rect(), 12.0);
        assert_eq!(points, [pos2(200.0, 220.0), pos2(315.0, 160.0), pos2(430.0, 100.0), pos2(372.5, 190.0)]);
    }

    #[test]
    fn dots_in_one_place_are_spread_within_the_map_and_lie_the_same_each_time() {
        for places in [[[0.0; 2]; 64], [[0.5, -0.5]; 64]] {
            let points = spread(&places, rect(), 12.0);
            assert!(nearest(&points) > 10.0, "{}", nearest(&points));
            assert!(points.iter().all(|point| rect().contains(*point)));
            assert_eq!(points, spread(&places, rect(), 12.0));
        }
        assert!(spread(&[], rect(), 12.0).is_empty());
    }

    #[test]
    fn a_label_takes_the_first_side_that_is_free_and_is_left_out_where_none_is() {
        let (disc, size) = (Disc { centre: pos2(315.0, 160.0), radius: 9.0 }, vec2(60.0, 14.0));
        let mut taken: Vec<Rect> = Vec::new();
        for expected in [Align::Min, Align::Max, Align::Center, Align::Center] {
            let (place, align) = beside(disc, size, rect(), &[disc], &taken).unwrap();
            assert_eq!(align, expected);
            assert!(!disc.is_under(place) && taken.iter().all(|taken| !taken.intersects(place)));
            taken.push(place);
        }
        assert_eq!(beside(disc, size, rect(), &[disc], &[rect()]), None);
        assert_eq!(beside(disc, vec2(300.0, 14.0), rect(), &[disc], &[]), None);
    }

    #[test]
    fn a_label_covers_no_dot_and_does_not_leave_the_map() {
        let size = vec2(60.0, 14.0);
        let disc = Disc { centre: rect().right_center(), radius: 5.0 };
        let neighbour = Disc { centre: disc.centre - vec2(30.0, 0.0), radius: 4.0 };
        let (place, _) = beside(disc, size, rect(), &[disc], &[]).unwrap();
        assert!(rect().contains_rect(place) && neighbour.is_under(place));
        let (place, _) = beside(disc, size, rect(), &[disc, neighbour], &[]).unwrap();
        assert!(rect().contains_rect(place) && !neighbour.is_under(place));
    }
}
