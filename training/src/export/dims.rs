//! Lengths seen at two tracings, and what ONNX must be told so that a graph runs at any other.

/// The length of one axis at both tracings. Two equal numbers are a fixed length, two different ones a symbolic length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dim {
    /// At the first tracing.
    pub first: usize,
    /// At the second.
    pub second: usize,
}

impl Dim {
    /// The length, where it does not change.
    pub fn fixed(self) -> Option<usize> {
        (self.first == self.second).then_some(self.first)
    }

    fn is_one(self) -> bool {
        self.fixed() == Some(1)
    }
}

/// Pairs two shapes of the same rank.
pub fn pair(first: &[usize], second: &[usize]) -> Vec<Dim> {
    first.iter().zip(second).map(|(&first, &second)| Dim { first, second }).collect()
}

/// All lengths, where none of them changes.
pub fn fixed(shape: &[Dim]) -> Option<Vec<i64>> {
    shape.iter().map(|dim| dim.fixed().map(|n| n as i64)).collect()
}

/// A shape for messages: `[13|29, 32]` has a symbolic first axis, 13 long at one tracing and 29 at the other.
pub fn shape_text(shape: &[Dim]) -> String {
    let axes: Vec<String> = shape
        .iter()
        .map(|dim| match dim.fixed() {
            Some(n) => n.to_string(),
            None => format!("{}|{}", dim.first, dim.second),
        })
        .collect();
    format!("[{}]", axes.join(", "))
}

/// How a change of shape is written.
#[derive(Debug, PartialEq, Eq)]
pub enum Reshaping {
    /// Nothing changes.
    Same,
    /// Axes of length 1 come in at these places of the result.
    Unsqueeze(Vec<i64>),
    /// Axes of length 1 go from these places of the input.
    Squeeze(Vec<i64>),
    /// The length of every axis.
    Reshape(Vec<Length>),
}

/// One axis of a reshape's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As ONNX takes it: a fixed length, 0 for "as in the input", at most one −1 for "what is left".
    Number(i64),
    /// Read from an input of the graph at each run.
    Read(Source),
}

/// A symbolic length, found as `times / over` the length of an axis of one of the graph's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Which input.
    pub input: usize,
    /// Which of its axes.
    pub axis: usize,
    /// Factor.
    pub times: i64,
    /// Divisor.
    pub over: i64,
}

/// Finds `dim` among the axes of `inputs`: the same length first, then a multiple or a part of one.
pub fn find(dim: Dim, inputs: &[Vec<Dim>]) -> Option<Source> {
    let symbolic = || {
        let axes = inputs
            .iter()
            .enumerate()
            .flat_map(|(input, shape)| shape.iter().enumerate().map(move |(axis, &length)| (input, axis, length)));
        axes.filter(|(_, _, length)| length.fixed().is_none())
    };
    let ratio = |of: Dim, by: Dim| {
        let whole = of.first.is_multiple_of(by.first) && of.second.is_multiple_of(by.second);
        Dim { first: of.first / by.first, second: of.second / by.second }.fixed().filter(|_| whole)
    };
    let source =
        |(input, axis, times, over): (usize, usize, usize, usize)| Source { input, axis, times: times as i64, over: over as i64 };
    let same = symbolic().find(|&(_, _, length)| length == dim).map(|(input, axis, _)| (input, axis, 1, 1));
    let multiple = || symbolic().find_map(|(input, axis, length)| Some((input, axis, ratio(dim, length)?, 1)));
    let part = || symbolic().find_map(|(input, axis, length)| Some((input, axis, 1, ratio(length, dim)?)));
    same.or_else(multiple).or_else(part).map(source)
}

/// Plans a reshape; none where more than one symbolic length would have to be guessed. `inputs` are the shapes of the graph's inputs.
pub fn plan_reshape(from: &[Dim], to: &[Dim], inputs: &[Vec<Dim>]) -> Option<Reshaping> {
    if from == to {
        return Some(Reshaping::Same);
    }
    if let Some(axes) = inserted_ones(from, to) {
        return Some(Reshaping::Unsqueeze(axes));
    }
    if let Some(axes) = inserted_ones(to, from) {
        return Some(Reshaping::Squeeze(axes));
    }
    let mut target: Vec<Option<Length>> = to
        .iter()
        .enumerate()
        .map(|(axis, dim)| match dim.fixed() {
            Some(n) => Some(Length::Number(n as i64)),
            None if from.get(axis) == Some(dim) => Some(Length::Number(0)),
            None => None,
        })
        .collect();
    // One of the lengths still open is what is left: preferably one that no input tells.
    let open = |axis: &usize| target[*axis].is_none();
    let hidden = |axis: &usize| find(to[*axis], inputs).is_none();
    let rest = (0..to.len()).filter(open).find(hidden).or_else(|| (0..to.len()).rfind(open));
    if let Some(axis) = rest {
        target[axis] = Some(Length::Number(-1));
    }
    let lengths = target.into_iter().zip(to).map(|(length, &dim)| length.or_else(|| find(dim, inputs).map(Length::Read)));
    lengths.collect::<Option<_>>().map(Reshaping::Reshape)
}

/// Where axes of length 1 were put into `short` to make `long`, if that is all that happened.
fn inserted_ones(short: &[Dim], long: &[Dim]) -> Option<Vec<i64>> {
    let mut rest = short.iter().peekable();
    let mut axes = Vec::new();
    for (axis, dim) in long.iter().enumerate() {
        if rest.peek() == Some(&dim) {
            rest.next();
        } else if dim.is_one() {
            axes.push(axis as i64);
        } else {
            return None;
        }
    }
    rest.next().is_none().then_some(axes)
}

/// ONNX's target shape for a broadcast, in which 1 means "as in the input"; none where a symbolic length would have to be reached.
pub fn plan_expand(from: &[Dim], to: &[Dim]) -> Option<Vec<i64>> {
    let added = to.len() - from.len();
    to.iter()
        .enumerate()
        .map(|(axis, dim)| {
            let before = axis.checked_sub(added).map(|axis| from[axis]);
            if before == Some(*dim) { Some(1) } else { dim.fixed().map(|n| n as i64) }
        })
        .collect()
}

/// Start, end and step of a slice of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// First index; negative counts from the end.
    pub start: i64,
    /// One past the last index; negative counts from the end, `i64::MAX` is the end itself.
    pub end: i64,
    /// Distance between indices, at least 1.
    pub step: i64,
}

impl Bounds {
    /// Whether nothing is cut off.
    pub fn is_whole(self) -> bool {
        self == Bounds { start: 0, end: i64::MAX, step: 1 }
    }
}

/// One bound of a slice at both tracings, already counted from the axis' start, as ONNX should count it: from the start where it
/// stays, from the end where it follows the end, and none otherwise.
pub fn plan_bound(bound: Dim, length: Dim) -> Option<i64> {
    if bound == length {
        return Some(i64::MAX);
    }
    if let Some(n) = bound.fixed() {
        return Some(n as i64);
    }
    let from_end = Dim { first: length.first.checked_sub(bound.first)?, second: length.second.checked_sub(bound.second)? };
    from_end.fixed().map(|n| -(n as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Dim = Dim { first: 13, second: 29 };
    const TOKENS: Dim = Dim { first: 37, second: 83 };

    fn n(length: usize) -> Dim {
        Dim { first: length, second: length }
    }

    fn product(a: Dim, b: Dim) -> Dim {
        Dim { first: a.first * b.first, second: a.second * b.second }
    }

    fn numbers(target: &[i64]) -> Option<Reshaping> {
        Some(Reshaping::Reshape(target.iter().map(|&n| Length::Number(n)).collect()))
    }

    #[test]
    fn a_symbolic_axis_that_stays_is_copied() {
        assert_eq!(plan_reshape(&[BATCH, TOKENS, n(8)], &[BATCH, TOKENS, n(2), n(4)], &[]), numbers(&[0, 0, 2, 4]));
    }

    #[test]
    fn one_symbolic_axis_that_moves_is_what_is_left() {
        let merged = product(BATCH, TOKENS);
        assert_eq!(plan_reshape(&[BATCH, TOKENS, n(8)], &[merged, n(8)], &[]), numbers(&[-1, 8]));
        let doubled = product(TOKENS, n(2));
        assert_eq!(plan_reshape(&[BATCH, TOKENS, n(8)], &[BATCH, doubled, n(4)], &[]), numbers(&[0, -1, 4]));
    }

    #[test]
    fn of_two_symbolic_axes_that_move_one_is_read_from_an_input() {
        let (from, to) = ([product(BATCH, TOKENS), n(8)], [BATCH, TOKENS, n(8)]);
        assert_eq!(plan_reshape(&from, &to, &[]), None);
        assert_eq!(plan_reshape(&from, &to, &[vec![n(8)]]), None);
        let read = |input, axis| Length::Read(Source { input, axis, times: 1, over: 1 });
        let (rest, eight) = (Length::Number(-1), Length::Number(8));
        assert_eq!(
            plan_reshape(&from, &to, &[vec![n(1)], vec![n(8), BATCH]]),
            Some(Reshaping::Reshape(vec![read(1, 1), rest, eight]))
        );
        assert_eq!(plan_reshape(&from, &to, &[vec![TOKENS, n(8)]]), Some(Reshaping::Reshape(vec![rest, read(0, 0), eight])));
    }

    #[test]
    fn a_length_is_found_as_itself_as_a_multiple_or_as_a_part() {
        let found = |dim, inputs: &[Vec<Dim>]| find(dim, inputs).map(|s| (s.input, s.axis, s.times, s.over));
        let inputs = [vec![BATCH, product(TOKENS, n(4))], vec![product(TOKENS, n(2))]];
        assert_eq!(found(product(TOKENS, n(2)), &inputs), Some((1, 0, 1, 1)));
        assert_eq!(found(product(TOKENS, n(8)), &inputs), Some((0, 1, 2, 1)));
        assert_eq!(found(TOKENS, &inputs), Some((0, 1, 1, 4)));
        assert_eq!(found(product(TOKENS, BATCH), &inputs), None);
    }

    #[test]
    fn axes_of_length_one_come_and_go_whatever_moves() {
        let unsqueeze = plan_reshape(&[BATCH, TOKENS], &[n(1), BATCH, n(1), TOKENS], &[]);
        assert_eq!(unsqueeze, Some(Reshaping::Unsqueeze(vec![0, 2])));
        let squeeze = plan_reshape(&[n(1), BATCH, n(1), TOKENS], &[BATCH, TOKENS], &[]);
        assert_eq!(squeeze, Some(Reshaping::Squeeze(vec![0, 2])));
        assert_eq!(plan_reshape(&[BATCH], &[BATCH], &[]), Some(Reshaping::Same));
    }

    #[test]
    fn a_broadcast_keeps_what_matches_and_never_reaches_a_symbol() {
        assert_eq!(plan_expand(&[BATCH, n(1)], &[n(4), BATCH, n(5)]), Some(vec![4, 1, 5]));
        assert_eq!(plan_expand(&[n(1), n(5)], &[BATCH, n(5)]), None);
    }

    #[test]
    fn a_bound_counts_from_the_end_it_follows() {
        assert_eq!(plan_bound(TOKENS, TOKENS), Some(i64::MAX));
        assert_eq!(plan_bound(n(5), TOKENS), Some(5));
        assert_eq!(plan_bound(Dim { first: 35, second: 81 }, TOKENS), Some(-2));
        assert_eq!(plan_bound(Dim { first: 18, second: 41 }, TOKENS), None);
    }
}
