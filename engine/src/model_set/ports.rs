//! What a graph really declares against what the contract says it should.

use turnaround_core::contract::{Axis, Port};

use crate::runtime::{Dimension, PortInfo};

/// For each expected port, its place among those found; or, in words, the first difference.
pub(super) fn match_ports(expected: &[Port], found: &[PortInfo], kind: &str) -> Result<Vec<usize>, String> {
    if expected.len() != found.len() {
        return Err(format!("it has {} {kind}s where {} are expected", found.len(), expected.len()));
    }
    expected.iter().map(|port| match_port(port, found, kind)).collect()
}

fn match_port(expected: &Port, found: &[PortInfo], kind: &str) -> Result<usize, String> {
    let name = &expected.name;
    let place = found.iter().position(|port| port.name == *name).ok_or_else(|| format!("it has no {kind} {name}"))?;
    let port = &found[place];
    if !port.is_f32 {
        return Err(format!("its {kind} {name} does not hold 32-bit floats"));
    }
    // A runtime that has not analysed the graph yet does not know its outputs' shapes; a wrong one then fails at the first run.
    let Some(shape) = &port.shape else { return Ok(place) };
    let fits = shape.len() == expected.shape.len()
        && expected.shape.iter().zip(shape).all(|(&expected, &found)| axis_fits(expected, found, kind));
    if fits {
        Ok(place)
    } else {
        Err(format!("its {kind} {name} has the axes {shape:?} where {:?} are expected", expected.shape))
    }
}

/// A frozen axis where a free one is promised would fail at the first bar of another length. A free one where a fixed one is
/// promised is only unproven for outputs, whose shapes runtimes infer, but wrong for inputs.
fn axis_fits(expected: Axis, found: Dimension, kind: &str) -> bool {
    match (expected, found) {
        (Axis::Fixed(expected), Dimension::Fixed(found)) => expected == found,
        (Axis::Fixed(_), Dimension::Free) => kind == "output",
        (_, Dimension::Fixed(_)) => false,
        (_, Dimension::Free) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Vec<Port> {
        vec![Port { name: "slots".into(), shape: vec![Axis::Batch, Axis::Fixed(32)] }]
    }

    fn found(name: &str, shape: Vec<Dimension>) -> Vec<PortInfo> {
        vec![PortInfo { name: name.into(), shape: Some(shape), is_f32: true }]
    }

    #[test]
    fn equal_ports_match() {
        assert_eq!(match_ports(&expected(), &found("slots", vec![Dimension::Free, Dimension::Fixed(32)]), "input"), Ok(vec![0]));
    }

    #[test]
    fn a_frozen_batch_a_wrong_width_and_a_wrong_name_are_told() {
        for (name, shape) in [
            ("slots", vec![Dimension::Fixed(13), Dimension::Fixed(32)]),
            ("slots", vec![Dimension::Free, Dimension::Fixed(16)]),
            ("slots", vec![Dimension::Free]),
            ("bars", vec![Dimension::Free, Dimension::Fixed(32)]),
        ] {
            assert!(match_ports(&expected(), &found(name, shape), "input").is_err());
        }
    }
}
